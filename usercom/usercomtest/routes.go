package usercomtest

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// response is a status with headers and a body, which is encoded as JSON. A nil body
// is not sent.
type response struct {
	status int
	header http.Header
	body   any
}

// detailError is the framework's error response to a request as a whole.
func detailError(status int, text string) *response {
	return &response{status: status, body: map[string]string{"detail": text}}
}

// fieldErrorsResponse is the framework's error response to invalid fields.
func fieldErrorsResponse(fields map[string][]string) *response {
	return &response{status: http.StatusBadRequest, body: fields}
}

func notFound() *response { return detailError(http.StatusNotFound, "Not found.") }

// request is a request, its body and the version of the API.
type request struct {
	*http.Request
	body    []byte
	version int
}

// handlerFunc handles a request while the server is locked.
type handlerFunc func(request) *response

// methodHandlers contains the handlers of one URL by method.
type methodHandlers map[string]handlerFunc

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for path, handlers := range map[string]methodHandlers{
		"update_or_create/":             {"POST": s.upsertUser},
		"search/":                       {"GET": s.searchUsers},
		"{id}/":                         {"GET": s.getUser, "PUT": s.updateUser, "DELETE": s.deleteUser},
		"{id}/set_attribute/":           {"POST": s.setAttribute},
		"{id}/set_multiple_attributes/": {"POST": s.setAttributes},
	} {
		full := basePath + "/users/" + path
		mux.Handle(full+"{$}", s.serve(handlers))
		mux.HandleFunc(strings.TrimSuffix(full, "/"), addSlash)
	}
	mux.HandleFunc("/", urlNotFound)
	return mux
}

// addSlash redirects to the same URL with a slash at its end. The client of net/http
// follows such a redirect of a POST with a GET.
func addSlash(w http.ResponseWriter, r *http.Request) {
	slashed := url.URL{Path: r.URL.Path + "/", RawQuery: r.URL.RawQuery}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Location", slashed.String())
	w.WriteHeader(http.StatusMovedPermanently)
}

// urlNotFound responds with an HTML page, as the framework's router does.
func urlNotFound(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, "<!doctype html>\n<html lang=\"en\"><head><title>Not Found</title></head><body><h1>Not Found</h1>"+
		"<p>The requested resource was not found on this server.</p></body></html>\n")
}

// serve makes the framework's checks in its order.
func (s *Server) serve(handlers methodHandlers) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client closed the connection
		}
		s.mu.Lock()
		result := s.handle(handlers, request{r, body, 0})
		text, err := json.Marshal(result.body) // before another request changes it
		s.mu.Unlock()
		if err != nil {
			panic("usercomtest: " + err.Error())
		}
		maps.Copy(w.Header(), result.header)
		if result.body == nil {
			w.WriteHeader(result.status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(result.status)
		_, _ = w.Write(text) // an error means that the client closed the connection
	})
}

func (s *Server) handle(handlers methodHandlers, r request) *response {
	if !acceptsJSON(r.Header.Values("Accept")) {
		return detailError(http.StatusNotAcceptable, "Could not satisfy the request Accept header.")
	}
	if r.version = s.versionOf(r.Header.Values("Accept")); r.version == 0 {
		return detailError(http.StatusNotAcceptable, `Invalid version in "Accept" header.`)
	}
	if failed := authenticate(r.Header.Get("Authorization")); failed != nil {
		return failed
	}
	if failed := s.checkThrottles(); failed != nil {
		return failed
	}
	handler, ok := handlers[r.Method]
	if !ok {
		failed := detailError(http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`)
		failed.header = http.Header{"Allow": {strings.Join(slices.Sorted(maps.Keys(handlers)), ", ")}}
		return failed
	}
	return handler(r)
}

// acceptsJSON ignores parameters: vendor page "Basic API usage" selects the version
// of the API by one.
func acceptsJSON(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		media, _, err := mime.ParseMediaType(item)
		if err == nil && (media == "application/json" || media == "application/*" || media == "*/*") {
			return true
		}
	}
	return false
}

// versionOf returns the version in the Accept header, or the default version. 0 means
// an unknown version.
func (s *Server) versionOf(accept []string) int {
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		if _, params, err := mime.ParseMediaType(item); err == nil && params["version"] != "" {
			return map[string]int{"1": 1, "2": 2}[params["version"]]
		}
	}
	return s.defaultVersion
}

func authenticate(authorization string) *response {
	words := strings.Fields(authorization)
	text := "Invalid token."
	switch {
	case len(words) == 0 || !strings.EqualFold(words[0], "Token"):
		text = "Authentication credentials were not provided."
	case len(words) == 1:
		text = "Invalid token header. No credentials provided."
	case len(words) > 2:
		text = "Invalid token header. Token string should not contain spaces."
	case words[1] == Key:
		return nil
	}
	failed := detailError(http.StatusUnauthorized, text)
	failed.header = http.Header{"Www-Authenticate": {"Token"}}
	return failed
}
