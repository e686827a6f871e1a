package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
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
	m := errorMessages{call: x, error: e}
	body := trimBody(e.Body)
	var value any
	isJSON := json.Valid(body)
	if isJSON {
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		_ = d.Decode(&value)
	}
	e.unknownURL = e.StatusCode == http.StatusNotFound && (x.call.Create || isHTML(body) || isLaravelRouteError(value))
	switch {
	case e.StatusCode >= 300 && e.StatusCode < 400:
		to := ""
		if location, err := url.Parse(resp.Header.Get("Location")); err == nil && location.Host != "" {
			to = " to " + location.Host
		}
		m.add("", "the server redirects"+to+"; redirects are not followed")
		return
	case e.unknownURL && isHTML(body):
		m.add("", "HTML page instead of JSON: is the base URL right?")
	case e.unknownURL:
		m.add("", "no such URL: is the base URL right?")
	}
	switch {
	case isJSON:
		m.read(value)
	case utf8.Valid(body) && len(body) > 0 && !strings.Contains("<{[", string(body[:1])): // neither HTML nor truncated JSON
		m.add("", string(body))
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

// errorMessages adds messages to an error.
type errorMessages struct {
	call  *callState
	error *Error
	count int
}

// read adds the messages of a body, or of an element of a list in it.
func (m *errorMessages) read(value any) {
	switch value := value.(type) {
	case string:
		m.add("", value)
	case []any:
		for _, element := range value {
			m.read(element)
		}
	case map[string]any:
		keys := messageKeys(value)
		for _, key := range keys {
			if fields, ok := value[key].(map[string]any); ok {
				m.readFields("", fields, 0)
			} else {
				m.read(value[key])
			}
		}
		if len(keys) == 0 {
			m.readFields("", value, 0)
		}
	}
}

// messageKeys returns the keys of an object that contain messages, none if all of its
// keys are fields.
func messageKeys(object map[string]any) (keys []string) {
	for _, key := range []string{"error", "errors", "message", "detail", "title"} {
		isError := strings.HasPrefix(key, "error")
		_, isText := object[key].(string)
		_, isList := object[key].([]any)
		_, isObject := object[key].(map[string]any)
		// A list of the others may be a field with this name.
		if isText && (key != "title" || len(keys) == 0) || isList && (isError || len(keys) > 0) || isObject && isError {
			keys = append(keys, key)
		}
	}
	return keys
}

// readFields adds the messages about a field, or about the request if name is empty.
// Nested names are joined by dots.
func (m *errorMessages) readFields(name string, value any, depth int) {
	switch value := value.(type) {
	case map[string]any:
		if depth > maxDepth {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			inner := name
			switch key {
			case "json", "authentication", "authorization", "non_field_errors": // not fields
			default:
				inner = strings.TrimPrefix(name+"."+key, ".")
			}
			m.readFields(inner, value[key], depth+1)
		}
	case []any:
		for _, element := range value {
			m.readFields(name, element, depth)
		}
	case nil:
	default:
		m.add(name, fmt.Sprint(value))
	}
}

// add adds a message about a field, or about the request if name is empty.
func (m *errorMessages) add(name, text string) {
	if m.count++; m.count > maxFields {
		return
	}
	e, text := m.error, singleLine(m.call.redact(text))
	switch {
	case name == "" && text != "" && len(e.Message) <= maxMessage:
		e.Message = strings.TrimPrefix(e.Message+"; "+text, "; ")
	case name != "":
		if e.Fields == nil {
			e.Fields = make(map[string][]string)
		}
		name = singleLine(m.call.redact(name))
		e.Fields[name] = append(e.Fields[name], text)
	}
}

// isHTML reports whether body is a web page: it comes from a router or proxy, not
// from the API.
func isHTML(body []byte) bool { return bytes.HasPrefix(trimBody(body), []byte("<")) }

// trimBody removes white space and a byte order mark.
func trimBody(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
}
