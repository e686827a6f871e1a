package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/verify"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func TestVerifyUsage(t *testing.T) {
	key := map[string]string{"IDENTIFAI_API_KEY": "k", "PARTOO_API_KEY": "k", "USERCOM_API_KEY": "k", "USERCOM_SUBDOMAIN": "app", "USERCOM_API_VERSION": "two"}
	for _, tt := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{[]string{"verify"}, key, "missing --provider"},
		{[]string{"verify", "--provider", "other"}, key, "--provider other"},
		{[]string{"verify", "--provider", "all", "--yes"}, key, "want one provider"},
		{[]string{"verify", "--provider", "partoo", "--email", "a@example.com", "--yes"}, key, "--email: only for --provider identifai"},
		{[]string{"verify", "--provider", "identifai", "--yes"}, key, "missing --email"},
		{[]string{"verify", "--provider", "partoo", "--yes"}, nil, "PARTOO_API_KEY"},
		{[]string{"verify", "--provider", "usercom", "--yes"}, key, `USERCOM_API_VERSION: "two", want 1 or 2`},
		{[]string{"verify", "--provider", "partoo", "FILE"}, key, "unknown command"},
	} {
		got := usersyncIn(t.Context(), tt.env, "", tt.args...)
		assert.Equal(t, exitUsage, got.status, tt.args)
		assert.Contains(t, got.err, tt.want)
	}
}

func TestVerifyWithoutTerminalRequiresYes(t *testing.T) {
	server, env := fakeUsercom(t)
	got := runVerify(t, t.Context(), env, noSignals, "--provider", "usercom")
	assert.Equal(t, exitUsage, got.status)
	assert.Contains(t, got.err, "standard input is not a terminal: use --yes to confirm")
	assert.Empty(t, server.Requests())
}

func TestVerifyAsksForConfirmation(t *testing.T) {
	for reply, want := range map[string]bool{"y\n": true, "Yes\n": true, "\n": false, "n\n": false, "": false, "y": false} {
		var text bytes.Buffer
		s := streams{in: strings.NewReader(reply), err: &text}
		assert.Equal(t, want, s.confirm("The plan.", false) == nil, "%q", reply)
		assert.Equal(t, "The plan.\nRun this while nothing else uses the API key.\nContinue? [y/N] ", text.String())
	}
}

// fakeUsercom starts a fake over loopback and returns the environment for it.
func fakeUsercom(t *testing.T, options ...usercomtest.Option) (*usercomtest.Server, map[string]string) {
	t.Helper()
	server := usercomtest.NewServer(options...)
	server.Start()
	t.Cleanup(server.Close)
	return server, map[string]string{"USERCOM_API_KEY": usercomtest.Key, "USERCOM_BASE_URL": server.URL + "/api/public"}
}

// runVerify runs the command without the 2 s between requests.
func runVerify(t *testing.T, ctx context.Context, env map[string]string, signals func() (<-chan os.Signal, func()), args ...string) output {
	t.Helper()
	var out, text bytes.Buffer
	s := streams{in: strings.NewReader(""), out: &out, err: &text, signals: signals}
	c := &command{
		args: append([]string{"verify"}, args...), streams: s, verifyInterval: time.Millisecond,
		getenv: func(name string) string { return env[name] },
	}
	return output{c.run(ctx), out.String(), text.String()}
}

func TestVerifyPrintsTable(t *testing.T) {
	server, env := fakeUsercom(t)
	got := runVerify(t, t.Context(), env, noSignals, "--provider", "usercom", "--yes")
	assert.Equal(t, exitOK, got.status, got.err)
	assert.Contains(t, got.out, "usercom.key                   holds   created=false and the same id\n")
	assert.Contains(t, got.out, "\nusercom: 12 facts: 12 hold, 0 differ, 0 unknown; ")
	assert.Contains(t, got.err, "creates two users under example.com")
	assert.Empty(t, server.Users())
}

func TestVerifyPrintsWhatDiffers(t *testing.T) {
	server, env := fakeUsercom(t)
	env["USERCOM_API_VERSION"] = "2"
	env["USERCOM_BASE_URL"] = withoutVersion(t, server) // like a server that ignores the version
	got := runVerify(t, t.Context(), env, noSignals, "--provider", "usercom", "--yes")
	assert.Equal(t, exitFailed, got.status, got.err)
	assert.Contains(t, got.out, "usercom.key differs\n  expected: a second upsert with the same key")
	assert.Contains(t, got.out, "what to do: use usercom.WithVersion with the other version (command: USERCOM_API_VERSION)\n")
	assert.Empty(t, server.Users())
}

func TestVerifyPrintsJSON(t *testing.T) {
	_, env := fakeUsercom(t)
	got := runVerify(t, t.Context(), env, noSignals, "--provider", "usercom", "--yes", "--json")
	assert.Equal(t, exitOK, got.status, got.err)
	var report struct {
		Usersync string
		verify.Report
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &report))
	assert.NotEmpty(t, report.Usersync)
	assert.Equal(t, "usercom", report.Provider)
	assert.Len(t, report.Findings, 12)
	assert.NotContains(t, got.out, "example.com")
}

func TestVerifyCannotRun(t *testing.T) {
	_, env := fakeUsercom(t)
	env["USERCOM_API_KEY"] = "wrong"
	got := runVerify(t, t.Context(), env, noSignals, "--provider", "usercom", "--yes")
	assert.Equal(t, exitUsage, got.status)
	assert.Contains(t, got.err, "API key rejected (401)")
}

func TestVerifyDeletesItsUsersAfterSignal(t *testing.T) {
	server, env := fakeUsercom(t)
	signals := make(chan os.Signal, 1)
	env["USERCOM_BASE_URL"] = loopbackProxy(t, server, func(r *http.Request) {
		if r.Method == http.MethodPost {
			select {
			case signals <- os.Interrupt:
			default:
			}
		}
	})
	got := runVerify(t, t.Context(), env, func() (<-chan os.Signal, func()) { return signals, func() {} }, "--provider", "usercom", "--yes")
	assert.Equal(t, exitOK, got.status, got.err)
	assert.Contains(t, got.err, "interrupted: deleting or restoring what was changed")
	assert.Contains(t, got.out, "interrupted")
	assert.Empty(t, server.Users())
}

// withoutVersion returns the URL of a proxy that drops the Accept header.
func withoutVersion(t *testing.T, server *usercomtest.Server) string {
	return loopbackProxy(t, server, func(r *http.Request) { r.Header.Del("Accept") })
}

// loopbackProxy returns the base URL of a proxy that changes requests.
func loopbackProxy(t *testing.T, server *usercomtest.Server, change func(*http.Request)) string {
	t.Helper()
	proxy := newLoopbackServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := http.NewRequestWithContext(r.Context(), r.Method, server.URL+r.URL.RequestURI(), r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		out.Header = r.Header.Clone()
		change(out)
		resp, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			return
		}
		defer func() { _ = resp.Body.Close() }()
		w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}))
	return proxy + "/api/public"
}

func newLoopbackServer(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
