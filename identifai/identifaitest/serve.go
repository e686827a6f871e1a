package identifaitest

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/fake"
)

const keyHeader = "X-Api-Key"

func (s *Server) routes() http.Handler {
	return fake.NewMux(s.users, map[string]fake.Methods{
		"/api/partner/user":                {"POST": s.createOrUpdateUser},
		"/api/partner/send_creation_email": {"POST": s.sendCreationEmail},
		"/api/partner/users":               {"GET": s.listUsers},
		"/api/partner/pricings":            {"GET": s.listPricings},
		"/api/user/credits":                {"GET": getCredits},
	}, s.serve)
}

// serve returns HTML errors to a client that does not accept JSON, as Laravel does:
// invalid input is a redirect to the referring page. A missing key is a 500, because
// there is no login page.
func (s *Server) serve(r *http.Request, methods fake.Methods) *fake.Response {
	resp := s.authorize(r, methods)
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	// The framework checks only the first type.
	accepted, _, _ := strings.Cut(r.Header.Get("Accept"), ",")
	if resp.Status < 400 || strings.Contains(accepted, "/json") || strings.Contains(accepted, "+json") {
		return resp
	}
	switch resp.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		resp.Status = http.StatusFound
		resp.Header.Set("Location", cmp.Or(r.Referer(), "/"))
	case http.StatusUnauthorized:
		resp.Status = http.StatusInternalServerError
	}
	resp.Header.Set("Content-Type", "text/html; charset=UTF-8")
	resp.Body = fmt.Sprintf("<!DOCTYPE html>\n<html lang=\"en\"><body><h1>%s</h1></body></html>\n", http.StatusText(resp.Status))
	return resp
}

// authorize passes a request on if the route exists, it has the key and fits the quotas. Only
// a request with the key is counted.
func (s *Server) authorize(r *http.Request, methods fake.Methods) *fake.Response {
	limiter, method := s.writes, r.Method
	if method == http.MethodGet || method == http.MethodHead {
		limiter, method = s.reads, http.MethodGet
	}
	header := http.Header{}
	switch {
	case methods == nil:
		return errorMessage(http.StatusNotFound, nil, "") // Laravel's text for an unknown route is empty
	case methods[method] == nil:
		supported := "POST"
		if methods["GET"] != nil {
			supported = "GET, HEAD"
		}
		header.Set("Allow", supported)
		return errorMessage(http.StatusMethodNotAllowed, header, "The "+r.Method+" method is not supported for this route. Supported methods: "+supported+".")
	case r.Header.Get(keyHeader) != Key:
		return errorMessage(http.StatusUnauthorized, nil, "Unauthenticated.")
	case limiter != nil && !throttle(limiter, header):
		return errorMessage(http.StatusTooManyRequests, header, "Too Many Attempts.")
	case method == http.MethodPost && (fake.MediaType(r) != "multipart/form-data" || r.ParseMultipartForm(1<<20) != nil):
		// The vendor documents no other type.
		return errorMessage(http.StatusUnsupportedMediaType, header, "Unsupported Media Type")
	}
	resp := methods[method](r)
	resp.Header = header
	return resp
}

// throttle counts or rejects a request. Its headers are Laravel's.
func throttle(limiter *fake.Limiter, header http.Header) (allowed bool) {
	result := limiter.Allow()
	header.Set("X-RateLimit-Limit", strconv.Itoa(result.Limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(result.Remaining))
	if result.RetryAfter == 0 {
		return true
	}
	seconds := int64((result.RetryAfter + time.Second - 1) / time.Second)
	header.Set("Retry-After", strconv.FormatInt(seconds, 10))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Unix()+seconds, 10))
	return false
}

// errorMessage returns an error response as most of them are.
func errorMessage(status int, header http.Header, text string) *fake.Response {
	return &fake.Response{Status: status, Header: header, Body: map[string]string{"message": text}}
}

// data puts a response into data, as in the vendor's examples.
func (s *Server) data(body any) any {
	if s.unwrapped {
		return body
	}
	return map[string]any{"data": body}
}
