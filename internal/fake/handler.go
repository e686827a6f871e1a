package fake

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/mail"
	"sync"
)

// Response is a response of a fake. Body is encoded as JSON, except that nil is not
// sent, and a string, such as an HTML page, is sent as it is.
type Response struct {
	Status int
	Header http.Header
	Body   any
}

// OK returns a response with status 200.
func OK(body any) *Response { return &Response{Status: http.StatusOK, Body: body} }

// NewMux returns a handler of paths, which are patterns of [http.ServeMux] without a
// method. It contains the provider's handlers by path and method. serve gets every request
// with the handlers of its path, nil for an unknown path, while lock is locked; it makes the
// checks that all requests have in common and calls a handler.
func NewMux[H any](lock sync.Locker, paths map[string]map[string]H, serve func(*http.Request, map[string]H) *Response) *http.ServeMux {
	mux, all := http.NewServeMux(), maps.Clone(paths)
	all["/"] = nil
	for path, methods := range all {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler) // the client closed the connection
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			lock.Lock()
			defer lock.Unlock()
			serve(r, methods).write(w)
		})
	}
	return mux
}

func (resp *Response) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), resp.Header)
	text, isText := resp.Body.(string)
	if resp.Body != nil && !isText {
		data, err := json.Marshal(resp.Body)
		if err != nil {
			panic("fake: " + err.Error())
		}
		text = string(data)
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(resp.Status)
	if resp.Body != nil {
		_, _ = io.WriteString(w, text) // an error means that the client closed the connection
	}
}

// Problems contains the first problem of each invalid field of a request.
type Problems map[string]string

// Add adds a problem unless the field already has one.
func (p Problems) Add(isProblem bool, field, text string) {
	if _, exists := p[field]; isProblem && !exists {
		p[field] = text
	}
}

// Lists returns the problems in the form of Laravel and Django REST framework.
func (p Problems) Lists() map[string][]string {
	lists := make(map[string][]string)
	for field, text := range p {
		lists[field] = []string{text}
	}
	return lists
}

// Decode decodes the only JSON value of r. It keeps the text of numbers of unknown type.
func Decode(r io.Reader, value any) error {
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(value); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("extra data")
	}
	return nil
}

// IsEmail is the fakes' check of an email. It is independent of the wrappers' check.
func IsEmail(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text
}

// MediaType returns the type of the body without parameters, or "" if it is malformed.
func MediaType(r *http.Request) string {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}
