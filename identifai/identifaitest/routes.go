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
	for pattern, handler := range map[string]http.HandlerFunc{
		"POST /api/partner/user":                s.createOrUpdateUser,
		"POST /api/partner/send_creation_email": s.sendCreationEmail,
		"GET /api/partner/users":                s.listUsers,
		"GET /api/partner/pricings":             s.listPricings,
		"GET /api/user/credits":                 s.getCredits,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(pattern, s.authorize(handler))
		mux.HandleFunc(path, methodNotAllowed(method))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusNotFound, errorMessage{""}) // Laravel's text for an unknown route is empty
	})
	return browserErrors(mux)
}

// methodNotAllowed rejects every method except that of the route, before it checks
// the key.
func methodNotAllowed(method string) http.HandlerFunc {
	supported := strings.Replace(method, http.MethodGet, "GET, HEAD", 1)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", supported)
		writeJSON(w, http.StatusMethodNotAllowed, errorMessage{"The " + r.Method + " method is not supported for this route. Supported methods: " + supported + "."})
	}
}

// errorMessage is the body of most error responses.
type errorMessage struct {
	Message string `json:"message"`
}

// authorize passes a request on if it has the key and fits the quotas. A request
// without the key is not counted.
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

// throttle counts or rejects a request. Its headers are Laravel's.
func (s *Server) throttle(w http.ResponseWriter, r *http.Request) bool {
	limiter := s.writes
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		limiter = s.reads
	}
	if limiter == nil {
		return true
	}
	result := limiter.Allow(Key)
	header := w.Header()
	header.Set("X-RateLimit-Limit", strconv.Itoa(result.Limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(result.Remaining))
	if result.Allowed {
		return true
	}
	wait := wholeSeconds(result)
	header.Set("Retry-After", strconv.FormatInt(wait, 10))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Unix()+wait, 10))
	writeJSON(w, http.StatusTooManyRequests, errorMessage{"Too Many Attempts."})
	return false
}

func wholeSeconds(r resttest.LimitResult) int64 {
	return int64((r.RetryAfter + time.Second - 1) / time.Second)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// wrapData puts a response into data, as in the vendor's examples.
func (s *Server) wrapData(body any) any {
	if s.unwrapped {
		return body
	}
	return map[string]any{"data": body}
}
