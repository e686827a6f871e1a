package reliability

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing/iotest"
)

// leak returns a response or an error that contains what was sent.
type leak func(r *http.Request, sent string) (*http.Response, error)

// leaky is a transport to a fake whose responses contain secrets at some requests.
type leaky struct {
	s           *subject
	leak        leak
	when        interval
	seen        atomic.Int64
	gotPassword atomic.Bool // a request contained the password
}

func (l *leaky) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	n := int(l.seen.Add(1)) - 1
	if bytes.Contains(body, []byte(passwordMark)) {
		l.gotPassword.Store(true)
	}
	if n >= l.when.first && n <= l.when.last {
		sent := key + fmt.Sprintf(" %s %s %s %v", r.Method, r.URL, body, r.Header)
		if l.gotPassword.Load() {
			sent = password + sent
		}
		return l.leak(r, sent)
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	for _, values := range r.Header { // the fake accepts only its own key
		for i := range values {
			values[i] = strings.Replace(values[i], key, l.s.key, 1)
		}
	}
	return l.s.server.RoundTrip(r)
}

func reply(status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{"Content-Type": {"application/json"}}
	}
	return &http.Response{StatusCode: status, Header: header, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}
}

// bodies are the formats in which servers repeat what was sent.
var bodies = map[string]func(sent string) string{
	"message":     func(sent string) string { return object("message", sent) },
	"fields":      func(sent string) string { return object("errors", map[string]any{"email": []string{sent}, sent: sent}) },
	"detail":      func(sent string) string { return object("detail", sent) },
	"bare fields": func(sent string) string { return object("password", []any{sent, map[string]any{sent: sent}}) },
	"errors in json": func(sent string) string {
		return object("errors", map[string]any{"json": sent, "authentication": sent})
	},
	"error in json":   func(sent string) string { return object("error", map[string]any{"json": map[string]any{sent: sent}}) },
	"list":            func(sent string) string { return object("errors", []any{sent, map[string]any{"message": sent}}) },
	"request as text": func(sent string) string { return sent },
	"text":            func(sent string) string { return quoted(sent) },
	"page":            func(sent string) string { return "<html><h1>" + sent + "</h1></html>" },
	"wrong types": func(sent string) string {
		return fmt.Sprintf(`{%[1]s:{},"id":{%[1]s:1},"created":%[1]s,"data":{"id":%[1]s},"page":%[1]s,"users":[{"id":[%[1]s]}],"status":%[1]s}`, quoted(sent))
	},
	"truncated": func(sent string) string { return `{"data":[{"id":1,"name":` + quoted(sent) },
	"empty":     func(string) string { return "" },
}

func object(name string, value any) string {
	text, err := json.Marshal(map[string]any{name: value})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func quoted(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

var leakingStatuses = []int{200, 201, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 408, 409, 413, 415, 422, 425, 429, 500, 502, 503, 504, 529, 599}

// leaks are all ways in which a response or error may contain a secret.
func leaks() map[string]leak {
	all := map[string]leak{
		"transport error": func(_ *http.Request, sent string) (*http.Response, error) { return nil, errors.New(sent) },
		"transport error with the URL": func(r *http.Request, sent string) (*http.Response, error) {
			return nil, &url.Error{Op: r.Method, URL: "https://" + key + "@example.com/?" + password, Err: errors.New(sent)}
		},
		"dial error": func(_ *http.Request, sent string) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: sent, Name: key}}
		},
		"truncated response": func(_ *http.Request, sent string) (*http.Response, error) {
			resp := reply(200, nil, sent)
			resp.ContentLength = -1
			resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader([]byte(sent)), iotest.ErrReader(errors.New(sent))))
			return resp, nil
		},
		"lost response": func(*http.Request, string) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
	}
	// Bodies of a class of statuses are read in the same way.
	every := []int{200, 422}
	if *report {
		every = []int{200, 307, 400, 404, 422, 503}
	}
	for _, status := range leakingStatuses {
		for name, body := range bodies {
			if name == "fields" || slices.Contains(every, status) {
				all[fmt.Sprintf("%d %s", status, name)] = func(_ *http.Request, sent string) (*http.Response, error) {
					return reply(status, leakingHeader(sent), body(sent)), nil
				}
			}
		}
	}
	return all
}

// leakingHeader repeats what was sent in every header that an error may contain, and in others.
func leakingHeader(sent string) http.Header {
	header := http.Header{"Location": {"https://" + key + ".example.com/?" + url.QueryEscape(sent)}}
	for _, name := range []string{
		"Content-Type", "Date", "Retry-After", "Server", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset",
		"Ratelimit-Limit", "Cf-Ray", "Request-Id", "X-Correlation-Id", "X-Request-Id", "Set-Cookie", "Www-Authenticate", "X-Echo",
	} {
		header.Set(name, sent)
	}
	return header
}
