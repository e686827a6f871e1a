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

// response is a status and what goes with it: a body encoded as JSON, or none.
type response struct {
	status int
	header http.Header
	body   any
}

// detailError is the framework's answer to what it refuses as a whole.
func detailError(status int, text string) *response {
	return &response{status: status, body: map[string]string{"detail": text}}
}

// fieldErrorsResponse is its answer to bad fields.
func fieldErrorsResponse(fields map[string][]string) *response {
	return &response{status: http.StatusBadRequest, body: fields}
}

func notFound() *response { return detailError(http.StatusNotFound, "Not found.") }

// request is a request with its body read.
type request struct {
	*http.Request
	body []byte
}

// handlerFunc acts on a call while the server is locked.
type handlerFunc func(request) *response

// methodHandlers is what one URL offers, by method.
type methodHandlers map[string]handlerFunc

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for path, offers := range map[string]methodHandlers{
		"update_or_create/":             {"POST": s.upsertUser},
		"search/":                       {"GET": s.searchUsers},
		"{id}/":                         {"GET": s.getUser, "PUT": s.updateUser, "DELETE": s.deleteUser},
		"{id}/set_attribute/":           {"POST": s.setAttribute},
		"{id}/set_multiple_attributes/": {"POST": s.setAttributes},
	} {
		full := basePath + "/users/" + path
		mux.Handle(full+"{$}", s.serve(offers))
		mux.HandleFunc(strings.TrimSuffix(full, "/"), addSlash)
	}
	mux.HandleFunc("/", urlNotFound)
	return mux
}

// addSlash redirects to the same URL with a slash at its end. net/http's client
// follows such a redirect of a POST with a GET.
func addSlash(w http.ResponseWriter, r *http.Request) {
	slashed := url.URL{Path: r.URL.Path + "/", RawQuery: r.URL.RawQuery}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Location", slashed.String())
	w.WriteHeader(http.StatusMovedPermanently)
}

// urlNotFound answers with a page: the framework's router knows no JSON.
func urlNotFound(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, "<!doctype html>\n<html lang=\"en\"><head><title>Not Found</title></head><body><h1>Not Found</h1>"+
		"<p>The requested resource was not found on this server.</p></body></html>\n")
}

// serve answers as the framework does, check by check in its order.
func (s *Server) serve(offers methodHandlers) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client is gone
		}
		s.mu.Lock()
		result := s.handle(offers, request{r, body})
		text, err := json.Marshal(result.body) // while no other request can change it
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
		_, _ = w.Write(text) // a client that is gone is not the fake's concern
	})
}

func (s *Server) handle(offers methodHandlers, c request) *response {
	if !acceptsJSON(c.Header.Values("Accept")) {
		return detailError(http.StatusNotAcceptable, "Could not satisfy the request Accept header.")
	}
	if refusal := authenticate(c.Header.Get("Authorization")); refusal != nil {
		return refusal
	}
	if refusal := s.checkThrottles(); refusal != nil {
		return refusal
	}
	act, ok := offers[c.Method]
	if !ok {
		refusal := detailError(http.StatusMethodNotAllowed, `Method "`+c.Method+`" not allowed.`)
		refusal.header = http.Header{"Allow": {strings.Join(slices.Sorted(maps.Keys(offers)), ", ")}}
		return refusal
	}
	return act(c)
}

// acceptsJSON ignores parameters: vendor page "Basic API usage" chooses the
// version of the API by one.
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
	refusal := detailError(http.StatusUnauthorized, text)
	refusal.header = http.Header{"Www-Authenticate": {"Token"}}
	return refusal
}
