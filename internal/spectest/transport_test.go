package spectest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
)

// recorder records the errors of a test.
type recorder struct {
	testing.TB
	problems []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// stub returns a fixed response and records the request body.
type stub struct {
	status int
	header http.Header
	body   io.Reader
	err    error

	sent string
}

func (s *stub) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		s.sent = string(body)
	}
	if s.err != nil {
		return nil, s.err
	}
	header := s.header
	if header == nil {
		header = http.Header{"Content-Type": {"application/json"}}
	}
	return &http.Response{StatusCode: s.status, Header: header, Body: io.NopCloser(s.body), Request: req}, nil
}

func TestTransportReports(t *testing.T) {
	t.Parallel()
	for _, x := range exchanges {
		t.Run(x.provider+" "+x.name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			next := &stub{status: x.status, header: x.header, body: strings.NewReader(x.response)}

			resp, err := spectest.Transport(r, x.provider, next).RoundTrip(x.request(t))

			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, x.response, string(body), "the response must not change")
			if x.form == nil {
				assert.Equal(t, x.body, next.sent, "the request must not change")
			}
			if x.want == "" {
				assert.Empty(t, r.problems)
				return
			}
			require.NotEmpty(t, r.problems)
			for _, problem := range r.problems {
				assert.Contains(t, problem, "spectest: "+x.want)
			}
		})
	}
}

func TestTransportReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	x := exchange{provider: "partoo", url: partooURL, key: "none", body: `{"email":"ada","lang":"tlh","password":"hunter2"}`}
	next := &stub{status: 200, body: strings.NewReader(`{"status":"done"}`)}

	_, err := spectest.Transport(r, "partoo", next).RoundTrip(x.request(t))

	require.NoError(t, err)
	all := strings.Join(r.problems, "\n")
	for _, place := range []string{"x-APIKey", "/email", "/first_name", "/last_name", "/lang", "/password", "response 200: body: /id", "response 200: body: /status"} {
		assert.Contains(t, all, place)
	}
	assert.NotContains(t, all, "hunter2")
}

func TestAllowStatus(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]*stub{
		"undocumented status": {status: 502, body: strings.NewReader("<html>"), header: http.Header{"Content-Type": {"text/html"}}},
		"documented status":   {status: 400, body: strings.NewReader("garbage")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			x := exchange{provider: "partoo", url: partooURL, body: ada}

			resp, err := spectest.Transport(r, "partoo", next, spectest.AllowStatus(502, 400)).RoundTrip(x.request(t))

			require.NoError(t, err)
			assert.Equal(t, next.status, resp.StatusCode)
			assert.Empty(t, r.problems)
		})
	}
}

func TestConnectionErrorsAreReturned(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	x := exchange{provider: "partoo", url: partooURL, body: ada}

	t.Run("no response", func(t *testing.T) {
		t.Parallel()
		_, err := spectest.Transport(t, "partoo", &stub{err: reset}).RoundTrip(x.request(t))
		assert.ErrorIs(t, err, reset)
	})
	t.Run("truncated response", func(t *testing.T) {
		t.Parallel()
		next := &stub{status: 200, body: io.MultiReader(strings.NewReader(`{"id":`), iotest.ErrReader(reset))}
		resp, err := spectest.Transport(t, "partoo", next).RoundTrip(x.request(t))
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		assert.ErrorIs(t, err, reset)
		assert.Equal(t, `{"id":`, string(got))
	})
	t.Run("truncated request", func(t *testing.T) {
		t.Parallel()
		req := x.request(t)
		req.Body = io.NopCloser(iotest.ErrReader(reset))
		_, err := spectest.Transport(t, "partoo", &stub{status: 200}).RoundTrip(req)
		assert.ErrorIs(t, err, reset)
	})
}

func TestTransportIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	for _, provider := range spectest.Providers(t) {
		rt := spectest.Transport(t, provider, echo{})
		var group sync.WaitGroup
		for _, x := range exchanges {
			if x.provider == provider && x.want == "" {
				req := x.request(t)
				req.Header.Set("X-Response", x.response)
				req.Header.Set("X-Status", fmt.Sprint(x.status))
				group.Go(func() {
					resp, err := rt.RoundTrip(req)
					assert.NoError(t, err)
					assert.NoError(t, resp.Body.Close())
				})
			}
		}
		group.Wait()
	}
}

// echo returns the response in the headers of the request.
type echo struct{}

func (echo) RoundTrip(req *http.Request) (*http.Response, error) {
	status, err := strconv.Atoi(req.Header.Get("X-Status"))
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(req.Header.Get("X-Response"))), Request: req}, err
}

// The transport must neither block the clock of a bubble nor leave goroutines in it.
func TestTransportInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		next := &stub{status: 200, body: iotest.OneByteReader(&slow{strings.NewReader(written)})}
		hc := &http.Client{Transport: spectest.Transport(t, "partoo", next)}
		x := exchange{provider: "partoo", url: partooURL, body: ada}

		resp, err := hc.Do(x.request(t))

		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.GreaterOrEqual(t, time.Since(start), time.Minute)
	})
}

// slow waits two seconds, in virtual time, before each read.
type slow struct{ r io.Reader }

func (s *slow) Read(p []byte) (int, error) {
	<-time.After(2 * time.Second)
	return s.r.Read(p)
}
