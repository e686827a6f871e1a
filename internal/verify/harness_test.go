package verify_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/verify"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/usercom/usercomtest"
)

const testEmail = "verify@example.com"

// maxRequests is the documented number of requests of a run.
const maxRequests = 40

var providers = []string{"identifai", "partoo", "usercom"}

// factsOf returns the facts of a provider in the order of the report.
func factsOf(t *testing.T, provider string) (facts []verify.Fact) {
	t.Helper()
	run(t, func() (fakes, verify.Config, *changed) {
		f := newFakes()
		config, server := f.config(provider, nil)
		return f, config, server
	}, func(_ fakes, report verify.Report, err error, _ *changed) {
		require.NoError(t, err)
		for _, f := range report.Findings {
			facts = append(facts, f.Fact)
		}
	})
	return facts
}

// change changes one fact of a fake: it handles a request or passes it on to next.
type change func(r *http.Request, body string, next http.RoundTripper) (*http.Response, error)

// changed is a fake behind a change.
type changed struct {
	next     http.RoundTripper
	change   change
	requests int
}

func (c *changed) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests++
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if c.change == nil {
		return c.next.RoundTrip(r)
	}
	return c.change(r, string(body), c.next)
}

// match reports whether a request has this method and path and its body contains all
// texts.
func match(r *http.Request, body, line string, texts ...string) bool {
	method, path, _ := strings.Cut(line, " ")
	if r.Method != method || !strings.Contains(r.URL.Path, path) {
		return false
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			return false
		}
	}
	return true
}

// respond returns this response to the matching requests.
func respond(status int, response, line string, texts ...string) change {
	return func(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
		if !match(r, body, line, texts...) {
			return next.RoundTrip(r)
		}
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(response)), Request: r}, nil
	}
}

// edit changes the JSON of the responses to the matching requests.
func edit(edit func(body map[string]any), line string, texts ...string) change {
	return func(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || !match(r, body, line, texts...) || resp.StatusCode > 299 {
			return resp, err
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		var value map[string]any
		if json.Unmarshal(text, &value) == nil {
			edit(value)
			text, _ = json.Marshal(value)
		}
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return resp, nil
	}
}

// rewrite replaces a text in the bodies of the matching requests.
func rewrite(old, replacement, line string, texts ...string) change {
	return func(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
		if match(r, body, line, texts...) {
			body = strings.ReplaceAll(body, old, replacement)
			r = r.Clone(r.Context())
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		}
		return next.RoundTrip(r)
	}
}

// onQuery restricts a change to requests whose query contains the text.
func onQuery(text string, c change) change {
	return func(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
		if !strings.Contains(r.URL.RawQuery, text) {
			return next.RoundTrip(r)
		}
		return c(r, body, next)
	}
}

// nth restricts a change to the n-th matching request, from 1.
func nth(n int, line string, c change) change {
	seen := 0
	return func(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
		if match(r, body, line) {
			if seen++; seen == n {
				return c(r, body, next)
			}
		}
		return next.RoundTrip(r)
	}
}

// fakes of the three providers.
type fakes struct {
	identifai *identifaitest.Server
	partoo    *partootest.Server
	usercom   *usercomtest.Server
}

func newFakes() fakes {
	return fakes{identifaitest.NewServer(), partootest.NewServer(), usercomtest.NewServer()}
}

// config returns the config for a provider's fake behind a change.
func (f fakes) config(provider string, c change) (verify.Config, *changed) {
	server := &changed{change: c}
	config := verify.Config{Provider: provider, Email: testEmail, Confirm: func(string) error { return nil }}
	var options []rest.Option
	switch provider {
	case "identifai":
		server.next, config.APIKey, options = f.identifai.Client().Transport, identifaitest.Key, f.identifai.Options()
	case "partoo":
		server.next, config.APIKey, options = f.partoo.Client().Transport, partootest.Key, f.partoo.Options()
	case "usercom":
		server.next, config.APIKey, options = f.usercom.Client().Transport, usercomtest.Key, f.usercom.Options()
	}
	config.Transport, config.Options = server, options
	return config, server
}

// run runs verify in a synctest bubble.
func run(t *testing.T, f func() (fakes, verify.Config, *changed), check func(f fakes, report verify.Report, err error, server *changed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fakes, config, server := f()
		report, err := verify.Run(t.Context(), config)
		check(fakes, report, err, server)
	})
}

// finding returns the finding of a fact.
func finding(t *testing.T, report verify.Report, id string) verify.Finding {
	t.Helper()
	for _, f := range report.Findings {
		if f.ID == id {
			return f
		}
	}
	require.Fail(t, "no finding", id)
	return verify.Finding{}
}

// withoutParameter removes a query parameter, as a server that ignores it.
func withoutParameter(name string) change {
	return func(r *http.Request, _ string, next http.RoundTripper) (*http.Response, error) {
		r = r.Clone(r.Context())
		query := r.URL.Query()
		query.Del(name)
		r.URL.RawQuery = query.Encode()
		return next.RoundTrip(r)
	}
}

// withStatus replaces the status of a response.
func withStatus(status int) change {
	return func(r *http.Request, _ string, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil {
			resp.StatusCode = status
		}
		return resp, err
	}
}

func withHeader(name, value string) change {
	return func(r *http.Request, _ string, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil {
			resp.Header.Set(name, value)
		}
		return resp, err
	}
}

// textBooleans accepts only true and false. falseIsTrue reads false as true.
func textBooleans(line string, falseIsTrue bool) change {
	part := func(value string) string { return "name=\"readonly\"\r\n\r\n" + value }
	return func(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
		for text, number := range map[string]string{"false": "0", "true": "1"} {
			if match(r, body, line, part(number)) {
				return respond(422, `{"errors":{"readonly":["must be true or false"]}}`, line)(r, body, next)
			}
			if match(r, body, line, part(text)) {
				if falseIsTrue {
					number = "1"
				}
				return rewrite(part(text), part(number), line)(r, body, next)
			}
		}
		return next.RoundTrip(r)
	}
}

// partialSearch finds users by a part of the email.
func partialSearch(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
	if query := r.URL.Query(); match(r, body, "GET /v2/user/search") && strings.HasPrefix(query.Get("email"), "sersync") {
		r = r.Clone(r.Context())
		query.Set("email", "u"+query.Get("email"))
		r.URL.RawQuery = query.Encode()
	}
	return next.RoundTrip(r)
}

// secondUser creates a second user with a taken email.
func secondUser(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
	resp, err := next.RoundTrip(r)
	if err == nil && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/user") && resp.StatusCode >= 400 {
		return respond(200, `{"id":"5309c3a237bbc544d8e26737","status":"success"}`, "POST ")(r, body, next)
	}
	return resp, err
}

// rewriteKey ignores the key, like a server of the other version.
func rewriteKey(r *http.Request, body string, next http.RoundTripper) (*http.Response, error) {
	return rewrite(`"user_id"`, `"custom_id"`, "POST /users/update_or_create/")(r, body, next)
}
