package identifaitest

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// browserErrors has a client that does not ask for JSON refused as a browser is:
// with a page, and bad input with a redirect to where it came from. A missing key
// is a 500 then, for want of a page to log in on. All of this is Laravel's.
func browserErrors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wantsJSON(r) {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&htmlErrorWriter{ResponseWriter: w, redirectTo: cmp.Or(r.Referer(), "/")}, r)
	})
}

// wantsJSON looks at the first type alone, as the framework does.
func wantsJSON(r *http.Request) bool {
	first, _, _ := strings.Cut(r.Header.Get("Accept"), ",")
	return strings.Contains(first, "/json") || strings.Contains(first, "+json")
}

// htmlErrorWriter puts pages in the place of refusals.
type htmlErrorWriter struct {
	http.ResponseWriter
	redirectTo string
	isError    bool
}

func (w *htmlErrorWriter) WriteHeader(status int) {
	if status < 400 {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.isError = true
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		status = http.StatusFound
		w.Header().Set("Location", w.redirectTo)
	case http.StatusUnauthorized:
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.ResponseWriter.WriteHeader(status)
	// A client that is gone is not the fake's concern.
	_, _ = fmt.Fprintf(w.ResponseWriter, "<!DOCTYPE html>\n<html lang=\"en\"><body><h1>%s</h1></body></html>\n", http.StatusText(status))
}

// Write drops the JSON of a refusal.
func (w *htmlErrorWriter) Write(body []byte) (int, error) {
	if w.isError {
		return len(body), nil
	}
	return w.ResponseWriter.Write(body)
}
