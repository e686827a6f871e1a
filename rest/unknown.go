package rest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	// maxReported limits the memory for names, which the server chooses.
	maxReported = 1000
	// maxSchemaDepth limits the schema of a type that contains itself.
	maxSchemaDepth = 8
)

// reported contains the events that were reported in this process, and their number.
var (
	reported      sync.Map
	reportedCount atomic.Int64
)

// reportUnknown reports a name once for each operation of the process.
func (x *callState) reportUnknown(kind EventKind, name string) {
	e := Event{Kind: kind, Name: singleLine(x.redact(name)), CallInfo: CallInfo{Provider: x.client.provider, Operation: x.call.Operation}}
	if reportedCount.Load() >= maxReported {
		return
	}
	if _, ok := reported.LoadOrStore(e, true); !ok {
		reportedCount.Add(1)
		x.observe(x.ctx, e)
	}
}

// reportDeprecation reports the headers by which a server announces that an operation
// will change (RFC 9745) or end (RFC 8594).
func (x *callState) reportDeprecation(header http.Header) {
	for _, name := range [...]string{"Deprecation", "Sunset"} {
		if len(header[name]) > 0 {
			x.reportUnknown(DeprecationHeader, name)
		}
	}
}

// schema is what a Go type contains of a JSON value. A list has the schema of its
// elements.
type schema struct {
	path   string             // of the field, for example "data.id"
	fields map[string]*schema // of an object, nil if it may have any
	enum   reflect.Type       // of a string that implements enum, or nil
}

var anything = new(schema)

// enum is implemented by the enum types of the generated packages.
type enum interface{ Valid() bool }

var schemas sync.Map // reflect.Type → *schema

func schemaOf(t reflect.Type) *schema {
	s, ok := schemas.Load(t)
	if !ok {
		s, _ = schemas.LoadOrStore(t, newSchema(t, "", 0))
	}
	return s.(*schema)
}

func newSchema(t reflect.Type, path string, depth int) *schema {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	s := &schema{path: path}
	switch {
	case depth == maxSchemaDepth || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()): // any value
	case t.Kind() == reflect.Struct:
		s.fields = make(map[string]*schema)
		for _, field := range reflect.VisibleFields(t) {
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
				s.fields[name] = newSchema(field.Type, strings.TrimPrefix(path+"."+name, "."), depth+1)
			}
		}
	case t.Kind() == reflect.String && t.Implements(reflect.TypeFor[enum]()):
		s.enum = t
	}
	return s
}

// compare reports what the JSON value at the start of body contains and s does not. It
// returns what follows the value. It sees every response of a client with an observer,
// so it does not decode the value. body is valid JSON.
func (x *callState) compare(body []byte, s *schema) (after []byte) {
	body = skipSeparators(body)
	switch first := body[0]; first {
	case '{', '[':
		body = skipSeparators(body[1:])
		for body[0] != '}' && body[0] != ']' {
			element := s
			if first == '{' {
				var name []byte
				name, body = cutString(body)
				element = x.compareName(name, s)
			}
			body = skipSeparators(x.compare(body, element))
		}
		return body[1:]
	case '"':
		text, after := cutString(body)
		if s.enum != nil && len(text) > 0 { // some servers send an empty string for null
			value := reflect.New(s.enum).Elem()
			value.SetString(string(text))
			if !value.Interface().(enum).Valid() {
				x.reportUnknown(UnknownValue, s.path)
			}
		}
		return after
	}
	end := bytes.IndexAny(body, ",]} \t\r\n")
	return body[max(end, 0):]
}

// compareName reports the name of a field that s does not have. It returns the schema
// of the field.
func (x *callState) compareName(name []byte, s *schema) *schema {
	field, ok := s.fields[string(name)]
	if ok || s.fields == nil {
		return cmp.Or(field, anything)
	}
	x.reportUnknown(UnknownField, strings.TrimPrefix(s.path+"."+string(name), "."))
	return anything
}

func skipSeparators(body []byte) []byte { return bytes.TrimLeft(body, " \t\r\n,:") }

// cutString returns the string at the start of body, with its escape sequences as they
// are, and what follows it.
func cutString(body []byte) (text, after []byte) {
	end := 1
	for body[end] != '"' {
		if body[end] == '\\' {
			end++
		}
		end++
	}
	return body[1:end], body[end+1:]
}
