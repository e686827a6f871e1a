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

// answer is a status and what goes with it: a body encoded as JSON, or none.
type answer struct {
	status int
	header http.Header
	body   any
}

// detail is the framework's answer to what it refuses as a whole.
func detail(status int, text string) *answer {
	return &answer{status: status, body: map[string]string{"detail": text}}
}

// complaint is its answer to bad fields.
func complaint(fields map[string][]string) *answer {
	return &answer{status: http.StatusBadRequest, body: fields}
}

func notFound() *answer { return detail(http.StatusNotFound, "Not found.") }

// call is a request with its body read.
type call struct {
	*http.Request
	body []byte
}

// action acts on a call while the server is locked.
type action func(call) *answer

// resource is what one URL offers, by method.
type resource map[string]action

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for path, offers := range map[string]resource{
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
	mux.HandleFunc("/", noSuchURL)
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

// noSuchURL answers with a page: the framework's router knows no JSON.
func noSuchURL(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, "<!doctype html>\n<html lang=\"en\"><head><title>Not Found</title></head><body><h1>Not Found</h1>"+
		"<p>The requested resource was not found on this server.</p></body></html>\n")
}

// serve answers as the framework does, check by check in its order.
func (s *Server) serve(offers resource) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client is gone
		}
		s.mu.Lock()
		result := s.act(offers, call{r, body})
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

func (s *Server) act(offers resource, c call) *answer {
	if !acceptsJSON(c.Header.Values("Accept")) {
		return detail(http.StatusNotAcceptable, "Could not satisfy the request Accept header.")
	}
	if refusal := authenticate(c.Header.Get("Authorization")); refusal != nil {
		return refusal
	}
	if refusal := s.throttled(); refusal != nil {
		return refusal
	}
	act, ok := offers[c.Method]
	if !ok {
		refusal := detail(http.StatusMethodNotAllowed, `Method "`+c.Method+`" not allowed.`)
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

func authenticate(authorization string) *answer {
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
	refusal := detail(http.StatusUnauthorized, text)
	refusal.header = http.Header{"Www-Authenticate": {"Token"}}
	return refusal
}
