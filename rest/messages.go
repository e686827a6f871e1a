package rest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
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
//	{"detail": "…"} or {"email": ["…"]} or ["…"]   Django REST framework (user.com, by inference)
//	{"errors": {"json": {"email": "…"}}}           Partoo, "Create user"; also with "error", and with
//	{"error": {"json": "Resource not found"}}      a string, "Errors guide"
//	{"errors": [{"detail": "…"}]}                  JSON:API
//	"…" or plain text                              proxies and gateways
//
// It never fails: a body that it cannot read is in Error.Body.
func (e *Error) readMessages(resp *http.Response, x *callState) {
	m := errorMessages{call: x, fields: make(map[string][]string)}
	value, isJSON := parseJSON(e.Body)
	e.unknownURL = e.StatusCode == http.StatusNotFound && (x.call.Create || isHTML(e.Body) || isLaravelRouteError(value))
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		m.readRedirect(resp)
	case isHTML(e.Body):
		if e.unknownURL {
			m.addMessage("HTML page instead of JSON: is the base URL right?")
		}
	default:
		if e.unknownURL {
			m.addMessage("no such URL: is the base URL right?")
		}
		if isJSON {
			m.read(value)
		} else if text := trimBody(e.Body); utf8.Valid(text) && !bytes.HasPrefix(text, []byte("{")) && !bytes.HasPrefix(text, []byte("[")) {
			m.addMessage(string(text))
		}
	}
	e.Message = m.text
	if len(m.fields) > 0 {
		e.Fields = m.fields
	}
}

// isLaravelRouteError reports whether a 404 is that of Laravel's router, older
// versions of which send an empty message.
func isLaravelRouteError(body any) bool {
	object, _ := body.(map[string]any)
	message, ok := object["message"].(string)
	message = strings.ToLower(message)
	return ok && (message == "" || strings.Contains(message, "route ") && strings.Contains(message, " could not be found"))
}

// parseJSON reads one JSON value and keeps its numbers as written.
func parseJSON(body []byte) (value any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(trimBody(body)))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return nil, false
	}
	_, err := d.Token()
	return value, err == io.EOF
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

func (m *errorMessages) read(value any) {
	switch value := value.(type) {
	case string:
		m.addMessage(value)
	case []any:
		m.readList(value)
	case map[string]any:
		m.readObject(value)
	}
}

func (m *errorMessages) readObject(object map[string]any) {
	wrapped := false
	for _, key := range []string{"error", "errors", "message", "detail"} {
		isEnvelope := strings.HasPrefix(key, "error")
		switch value := object[key].(type) {
		case string:
			wrapped = true
			m.addMessage(value)
		case map[string]any:
			if isEnvelope {
				wrapped = true
				m.readEnvelope(value)
			}
		case []any:
			if wrapped || isEnvelope { // otherwise it may be a field with this name
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

// readList reads a list of messages, or of objects with a message or fields.
func (m *errorMessages) readList(values []any) {
	for _, value := range values {
		switch value := value.(type) {
		case string:
			m.add("", value)
		case map[string]any:
			reason := cmp.Or(value["detail"], value["message"], value["title"])
			if text, ok := reason.(string); ok {
				m.add("", text)
			} else {
				m.readField("", value, 0)
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
func isHTML(body []byte) bool { return bytes.HasPrefix(trimBody(body), []byte("<")) }

// trimBody removes white space and a byte order mark.
func trimBody(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
}
