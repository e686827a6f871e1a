package partootest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// errorResponse is a response that is not a 200. The formats of 401, 403 and 400 are
// those of vendor page "Create user"; those of 404 and 415, with a text instead of an
// object, are those of the vendor's guide to errors.
type errorResponse struct {
	status     int
	retryAfter string
	errors     map[string]any
}

func invalid(problems any) *errorResponse {
	return &errorResponse{status: http.StatusBadRequest, errors: map[string]any{"json": problems}}
}

func unauthorized() *errorResponse {
	return &errorResponse{status: http.StatusUnauthorized, errors: map[string]any{"authentication": "User not authenticated"}}
}

func forbidden() *errorResponse {
	return &errorResponse{status: http.StatusForbidden, errors: map[string]any{"authorization": "Operation not allowed"}}
}

func notFound() *errorResponse {
	return &errorResponse{status: http.StatusNotFound, errors: map[string]any{"json": "Resource not found"}}
}

func unsupported() *errorResponse {
	return &errorResponse{status: http.StatusUnsupportedMediaType, errors: map[string]any{"json": "Unsupported media type. Please use application/json"}}
}

// handlerFunc handles a request while the server is locked.
type handlerFunc func(r *http.Request) (any, *errorResponse)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]handlerFunc{
		"POST /user":             s.createUser,
		"GET /user/search":       s.searchUsers,
		"GET /user/me":           s.getMyUser,
		"GET /user/{id}":         s.getUser,
		"POST /user/{id}":        s.updateUser,
		"DELETE /user/{id}":      s.deleteUser,
		"POST /user/{id}/invite": s.inviteUser,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+basePath+path, s.authorize(handle))
	}
	mux.Handle("/", s.authorize(func(*http.Request) (any, *errorResponse) { return nil, notFound() }))
	return mux
}

// authorize calls handle for requests with the key and within the quota.
func (s *Server) authorize(handle handlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("x-APIKey") != Key {
			unauthorized().write(w)
			return
		}
		if !s.limiter.Allow("organisation").Allowed {
			(&errorResponse{status: http.StatusTooManyRequests, retryAfter: "60"}).write(w)
			return
		}
		s.mu.Lock()
		result, failure := handle(r)
		body, err := json.Marshal(result) // while no other request can change it
		s.mu.Unlock()
		switch {
		case err != nil:
			panic("partootest: " + err.Error())
		case failure != nil:
			failure.write(w)
		default:
			send(w, http.StatusOK, body)
		}
	})
}

// write writes the response, without a body if there are no errors.
func (f *errorResponse) write(w http.ResponseWriter) {
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	if f.errors == nil {
		w.WriteHeader(f.status)
		return
	}
	body, err := json.Marshal(map[string]any{"errors": f.errors})
	if err != nil {
		panic("partootest: " + err.Error())
	}
	send(w, f.status, body)
}

func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have closed the connection
}
