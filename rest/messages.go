package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Limits of what an Error takes from an error response: a server must not decide
// how much memory and log it fills.
const (
	maxMessage = 300 // bytes of one message
	maxFields  = 100 // messages in total
	maxDepth   = 8   // nesting of fields
)

// readMessages reads the reason of an error response in any of the formats that
// the providers are known or expected to use:
//
//	{"message": "…", "errors": {"email": ["…"]}}   Laravel (identifAI, by inference)
//	{"detail": "…"} or {"email": ["…"]}            Django REST framework (user.com, by inference)
//	{"errors": {"json": {"email": "…"}}}           Partoo, "Create user"; also with "error", and with
//	{"error": {"json": "Resource not found"}}      a string, "Errors guide"
//
// It never fails: a body that it cannot read is in Error.Body.
func (x *callState) readMessages(resp *http.Response, body []byte) (string, map[string][]string) {
	m := errorMessages{call: x, fields: make(map[string][]string)}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		m.readRedirect(resp)
		return m.text, nil
	}
	if object, ok := parseObject(body); ok {
		m.readObject(object)
	} else if resp.StatusCode == http.StatusNotFound && isHTML(body) {
		m.addMessage("HTML page instead of JSON: is the base URL right?")
	}
	if len(m.fields) == 0 {
		m.fields = nil
	}
	return m.text, m.fields
}

// parseObject reads a JSON object and keeps its numbers as written.
func parseObject(body []byte) (object map[string]any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&object) != nil {
		return nil, false
	}
	_, err := d.Token()
	return object, err == io.EOF
}

type errorMessages struct {
	call   *callState
	text   string
	fields map[string][]string
	count  int
}

// readRedirect names the host of the Location.
func (m *errorMessages) readRedirect(resp *http.Response) {
	location, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || location.Host == "" {
		m.addMessage("the server redirects; redirects are not followed")
		return
	}
	m.addMessage("the server redirects to " + location.Host + "; redirects are not followed")
}

func (m *errorMessages) readObject(object map[string]any) {
	wrapped := false
	for _, key := range []string{"message", "detail", "error", "errors"} {
		value, ok := object[key]
		if !ok {
			continue
		}
		switch value := value.(type) {
		case string:
			wrapped = true
			m.addMessage(value)
		case map[string]any:
			if key == "error" || key == "errors" {
				wrapped = true
				m.readEnvelope(value)
			}
		case []any:
			if key == "errors" {
				wrapped = true
				m.readList(value)
			}
		}
	}
	if !wrapped {
		m.readField("", object, 0)
	}
}

// readEnvelope reads the object in Laravel's "errors" and Partoo's "errors" or
// "error".
func (m *errorMessages) readEnvelope(object map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		value := object[key]
		text, isText := value.(string)
		switch {
		case key == "json" && isText, key == "authentication" && isText, key == "authorization" && isText:
			m.addMessage(text)
		case key == "json":
			m.readField("", value, 0)
		default:
			m.readField(key, value, 0)
		}
	}
}

// readList reads a list of messages, or of objects with a message each.
func (m *errorMessages) readList(values []any) {
	for _, value := range values {
		switch value := value.(type) {
		case string:
			m.addMessage(value)
		case map[string]any:
			if text, ok := value["message"].(string); ok {
				m.addMessage(text)
			}
		}
	}
}

// readField adds the messages in value under name. Nested names are joined by
// dots.
func (m *errorMessages) readField(name string, value any, depth int) {
	if depth > maxDepth {
		return
	}
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			m.readField(strings.TrimPrefix(name+"."+key, "."), value[key], depth+1)
		}
	case []any:
		for _, item := range value {
			m.readField(name, item, depth+1)
		}
	case nil:
	default:
		m.add(name, fmt.Sprint(value))
	}
}

func (m *errorMessages) add(name, text string) {
	if m.count++; m.count > maxFields {
		return
	}
	if name == "" || name == "non_field_errors" {
		m.addMessage(text)
		return
	}
	name = singleLine(m.call.redact(name))
	m.fields[name] = append(m.fields[name], singleLine(m.call.redact(text)))
}

// addMessage adds text to the message about the request as a whole.
func (m *errorMessages) addMessage(text string) {
	if text = singleLine(m.call.redact(text)); text == "" || len(m.text) > maxMessage {
		return
	}
	m.text = strings.TrimPrefix(m.text+"; "+text, "; ")
}

// singleLine shortens an untrusted text to one line of a log.
func singleLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.TrimSpace(text)
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}

// safeHeaders are the headers that Error.Header contains.
var safeHeaders = []string{
	"Content-Type", "Date", "Retry-After", "Server",
	"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
	"Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset",
	"Cf-Ray", "Request-Id", "X-Correlation-Id", "X-Request-Id",
}

func (x *callState) filterHeaders(header http.Header) http.Header {
	kept := make(http.Header)
	for _, name := range safeHeaders {
		if value := header.Get(name); value != "" {
			kept.Set(name, singleLine(x.redact(value)))
		}
	}
	return kept
}

// isHTML reports whether body is a web page. These are JSON APIs: a 404 page comes
// from a router or proxy that does not know the URL, and says nothing about the
// user.
func isHTML(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

// isNull reports whether body is JSON's null.
func isNull(body []byte) bool { return bytes.Equal(bytes.TrimSpace(body), []byte("null")) }
