package identifaitest

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// browserErrors returns HTML errors to a client that does not accept JSON, as
// Laravel does: invalid input is a redirect to the referring page. A missing key is
// a 500, because there is no login page.
func browserErrors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wantsJSON(r) {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&htmlErrorWriter{ResponseWriter: w, redirectTo: cmp.Or(r.Referer(), "/")}, r)
	})
}

// wantsJSON checks only the first type, as the framework does.
func wantsJSON(r *http.Request) bool {
	first, _, _ := strings.Cut(r.Header.Get("Accept"), ",")
	return strings.Contains(first, "/json") || strings.Contains(first, "+json")
}

// htmlErrorWriter replaces the JSON of error responses by HTML pages.
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
	// An error means that the client closed the connection.
	_, _ = fmt.Fprintf(w.ResponseWriter, "<!DOCTYPE html>\n<html lang=\"en\"><body><h1>%s</h1></body></html>\n", http.StatusText(status))
}

// Write drops the JSON of an error response.
func (w *htmlErrorWriter) Write(body []byte) (int, error) {
	if w.isError {
		return len(body), nil
	}
	return w.ResponseWriter.Write(body)
}
