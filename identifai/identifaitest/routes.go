package identifaitest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/usersync/usersync/rest/resttest"
)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, act := range map[string]http.HandlerFunc{
		"POST /api/partner/user":                s.createOrUpdateUser,
		"POST /api/partner/send_creation_email": s.sendCreationEmail,
		"GET /api/partner/users":                s.listUsers,
		"GET /api/partner/pricings":             s.listPricings,
		"GET /api/user/credits":                 s.getCredits,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(pattern, s.authorize(act))
		mux.HandleFunc(path, methodNotAllowed(method))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusNotFound, errorMessage{""}) // Laravel has no words for an unknown route
	})
	return browserErrors(mux)
}

// methodNotAllowed refuses all methods but the one a route has, before it looks at
// the key.
func methodNotAllowed(method string) http.HandlerFunc {
	supported := strings.Replace(method, http.MethodGet, "GET, HEAD", 1)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", supported)
		writeJSON(w, http.StatusMethodNotAllowed, errorMessage{"The " + r.Method + " method is not supported for this route. Supported methods: " + supported + "."})
	}
}

// errorMessage is the body of most refusals.
type errorMessage struct {
	Message string `json:"message"`
}

// authorize lets a request through that has the key and fits the quotas. Without the
// key it is not counted.
func (s *Server) authorize(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != Key {
			writeJSON(w, http.StatusUnauthorized, errorMessage{"Unauthenticated."})
			return
		}
		if s.throttle(w, r) {
			next(w, r)
		}
	}
}

// throttle counts a request, or refuses it. Its headers are Laravel's.
func (s *Server) throttle(w http.ResponseWriter, r *http.Request) bool {
	limiter := s.writes
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		limiter = s.reads
	}
	if limiter == nil {
		return true
	}
	verdict := limiter.Allow(Key)
	header := w.Header()
	header.Set("X-RateLimit-Limit", strconv.Itoa(verdict.Limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(verdict.Remaining))
	if verdict.Allowed {
		return true
	}
	wait := wholeSeconds(verdict)
	header.Set("Retry-After", strconv.FormatInt(wait, 10))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Unix()+wait, 10))
	writeJSON(w, http.StatusTooManyRequests, errorMessage{"Too Many Attempts."})
	return false
}

func wholeSeconds(v resttest.LimitResult) int64 {
	return int64((v.RetryAfter + time.Second - 1) / time.Second)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// wrapData puts an answer into data, as the vendor's examples have it.
func (s *Server) wrapData(body any) any {
	if s.unwrapped {
		return body
	}
	return map[string]any{"data": body}
}
