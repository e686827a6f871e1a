package partootest

import (
	"encoding/json"
	"net/http"
	"strings"

	gen "github.com/usersync/usersync/gen/partoo"
)

// errorResponse is an answer that is not a 200. The shapes of 401, 403 and 400 are
// those of vendor page "Create user"; those of 404 and 415, with a text where
// others have an object, of its guide to errors.
type errorResponse struct {
	status     int
	retryAfter string
	errors     map[string]any
}

func invalid(complaints any) *errorResponse {
	return &errorResponse{status: http.StatusBadRequest, errors: map[string]any{"json": complaints}}
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

// handlerFunc acts on a request while the server is locked.
type handlerFunc func(r *http.Request) (any, *errorResponse)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, act := range map[string]handlerFunc{
		"POST /user":             s.createUser,
		"GET /user/search":       s.searchUsers,
		"GET /user/me":           s.getMyUser,
		"GET /user/{id}":         s.getUser,
		"POST /user/{id}":        s.updateUser,
		"DELETE /user/{id}":      s.deleteUser,
		"POST /user/{id}/invite": s.inviteUser,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+basePath+path, s.authorize(act))
	}
	mux.Handle("/", s.authorize(func(*http.Request) (any, *errorResponse) { return nil, notFound() }))
	return mux
}

// authorize lets a request with the key and within the quota through to act.
func (s *Server) authorize(act handlerFunc) http.Handler {
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
		answer, refused := act(r)
		body, err := json.Marshal(answer) // while no other request can change it
		s.mu.Unlock()
		switch {
		case err != nil:
			panic("partootest: " + err.Error())
		case refused != nil:
			refused.write(w)
		default:
			send(w, http.StatusOK, body)
		}
	})
}

// write answers with the errors, or without a body where there are none.
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
	_, _ = w.Write(body) // a client that is gone is not the fake's concern
}

// canSee reports whether the key sees the user at all.
func (s *Server) canSee(user *gen.User) bool {
	return user != nil && (s.isProviderKey() || *user.OrgID == *s.keyOwner.OrgID)
}

func (s *Server) isProviderKey() bool { return *s.keyOwner.Role == roleProvider }

// canWrite reports whether the key may create, change or delete such a user.
func (s *Server) canWrite(user gen.User) bool {
	switch *s.keyOwner.Role {
	case roleProvider, gen.RoleOrgAdmin, gen.RoleOrgManager:
		return true
	case gen.RoleGroupManager:
		return *user.Role == gen.RoleBusinessManager
	}
	return false
}
