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

// NewMux returns a handler of paths, which are patterns of [http.ServeMux] without a
// method. It contains the provider's handlers by path and method. serve gets every request
// with the handlers of its path, nil for an unknown path, while lock is locked; it makes the
// checks that all requests have in common and calls a handler.
func NewMux[H any](lock sync.Locker, paths map[string]map[string]H, serve func(*http.Request, map[string]H) *Response) *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(path string, methods map[string]H) {
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
