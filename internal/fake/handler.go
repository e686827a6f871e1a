package fake

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
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

// Handler handles a request.
type Handler func(*http.Request) *Response

// Methods contains the handlers of a path by method.
type Methods map[string]Handler

// NewMux returns a handler of the paths, which are patterns of [http.ServeMux] without
// a method. serve gets each request, with the body complete and while lock is locked. It
// checks what is common to all requests and calls the handler of the method. The methods of
// an unknown path are nil.
func NewMux(lock sync.Locker, paths map[string]Methods, serve func(*http.Request, Methods) *Response) *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(path string, methods Methods) {
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
	for path, methods := range paths {
		handle(path, methods)
	}
	handle("/", nil)
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

// MediaType returns the type of the body without parameters, or "" if it is malformed.
func MediaType(r *http.Request) string {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}
