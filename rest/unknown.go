package rest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"sync"
)

// maxReported limits the memory for names, which the server chooses.
const maxReported = 1000

// reported contains the names that were reported in this process.
var reported struct {
	mu    sync.Mutex
	names map[Event]bool
}

// reportUnknown reports a name once for each operation of the process.
func (x *callState) reportUnknown(kind EventKind, name string) {
	e := Event{Kind: kind, Name: singleLine(x.redact(name)), CallInfo: CallInfo{Provider: x.client.provider, Operation: x.call.Operation}}
	reported.mu.Lock()
	isNew := !reported.names[e] && len(reported.names) < maxReported
	if isNew {
		if reported.names == nil {
			reported.names = make(map[Event]bool)
		}
		reported.names[e] = true
	}
	reported.mu.Unlock()
	if isNew {
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

// reportUnknownIn reports what body, which is valid JSON, contains and t does not.
func (x *callState) reportUnknownIn(body []byte, t reflect.Type) {
	w := specWalker{body: body, call: x}
	w.value(x.client.schemas.of(t))
}

// schema is what a Go type says about JSON values.
type schema struct {
	fields  map[string]*schema // of an object, nil if it may have any
	element *schema            // of a list
	enum    reflect.Type       // of a string with a method Valid, or nil
	valid   map[string]bool    // results of Valid so far
}

// schemas contains the schemas of the types that a client decodes.
type schemas struct {
	mu     sync.Mutex
	byType map[reflect.Type]*schema
}

func (l *schemas) of(t reflect.Type) *schema {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byType == nil {
		l.byType = make(map[reflect.Type]*schema)
	}
	return l.get(t)
}

// get returns the schema of t. Types may contain themselves.
func (l *schemas) get(t reflect.Type) *schema {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if s, ok := l.byType[t]; ok {
		return s
	}
	s := new(schema)
	l.byType[t] = s
	switch {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()): // any value
	case t.Kind() == reflect.Struct:
		s.fields = make(map[string]*schema)
		l.addFields(s.fields, t)
	case t.Kind() == reflect.Slice:
		s.element = l.get(t.Elem())
	case t.Kind() == reflect.String && t.Implements(reflect.TypeFor[enum]()):
		s.enum, s.valid = t, make(map[string]bool)
	}
	return s
}

func (l *schemas) addFields(fields map[string]*schema, t reflect.Type) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			l.addFields(fields, field.Type)
		case name != "" && name != "-":
			fields[name] = l.get(field.Type)
		}
	}
}

// enum is implemented by the enum types of the generated packages.
type enum interface{ Valid() bool }

// isValid reports whether text is a value of the enum of s. The empty string is what some
// servers send for null.
func (l *schemas) isValid(s *schema, text []byte) bool {
	if s == nil || s.enum == nil || len(text) == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	valid, ok := s.valid[string(text)]
	if !ok {
		value := reflect.New(s.enum).Elem()
		value.SetString(string(text))
		valid = value.Interface().(enum).Valid()
		if len(s.valid) < maxReported {
			s.valid[string(text)] = valid
		}
	}
	return valid
}

// specWalker walks through valid JSON next to the schema of its type. It does not
// allocate unless it finds something: it sees every response.
type specWalker struct {
	call  *callState
	body  []byte
	at    int
	path  [maxDepth][]byte // names of the current field and those around it
	depth int
}

func (w *specWalker) value(s *schema) {
	switch w.next() {
	case '{':
		w.list('}', func() { w.field(s) })
	case '[':
		var element *schema
		if s != nil {
			element = s.element
		}
		w.list(']', func() { w.value(element) })
	case '"':
		if !w.call.client.schemas.isValid(s, w.text()) {
			w.found(UnknownValue)
		}
	default:
		for w.at < len(w.body) && !strings.ContainsRune(" \t\r\n,]}", rune(w.body[w.at])) {
			w.at++
		}
	}
}

// field walks through one field of an object.
func (w *specWalker) field(s *schema) {
	w.next()
	name := w.text()
	w.next() // the colon
	w.at++
	if w.depth == maxDepth {
		w.value(nil)
		return
	}
	w.path[w.depth] = name
	w.depth++
	var field *schema
	if s != nil && s.fields != nil {
		known, ok := s.fields[string(name)]
		if !ok {
			w.found(UnknownField)
		}
		field = known
	}
	w.value(field)
	w.depth--
}

// list calls item for each item up to the closing bracket.
func (w *specWalker) list(end byte, item func()) {
	w.at++
	for w.next() != end {
		item()
		if w.next() == ',' {
			w.at++
		}
	}
	w.at++
}

// next skips white space and returns the next byte, 0 at the end.
func (w *specWalker) next() byte {
	for ; w.at < len(w.body); w.at++ {
		if c := w.body[w.at]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

// text returns a string without its quotes, and its escape sequences as they are.
func (w *specWalker) text() []byte {
	start := w.at + 1
	for w.at = start; w.at < len(w.body) && w.body[w.at] != '"'; w.at++ {
		if w.body[w.at] == '\\' {
			w.at++
		}
	}
	text := w.body[start:w.at]
	w.at++
	return text
}

func (w *specWalker) found(kind EventKind) {
	parts := make([]string, w.depth)
	for i := range parts {
		parts[i] = string(w.path[i])
	}
	w.call.reportUnknown(kind, strings.Join(parts, "."))
}
