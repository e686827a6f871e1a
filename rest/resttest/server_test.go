package resttest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest/resttest"
)

// fake returns 201 with the body of the request and counts its executions.
type fake struct{ executed atomic.Int64 }

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.executed.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Fake", "yes")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body)
}

// bothWays runs test on a server in memory, in a synctest bubble, and on one over
// loopback.
func bothWays(t *testing.T, test func(t *testing.T, server *resttest.Server, fake *fake)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := new(fake)
			test(t, resttest.NewServer("acme", f, "X-Acme-Key"), f)
		})
	})
	t.Run("loopback", func(t *testing.T) {
		f := new(fake)
		server := resttest.NewServer("acme", f, "X-Acme-Key")
		server.Start()
		defer server.Close()
		test(t, server, f)
	})
}

// seen is the response that a client gets, and the error of its body.
type seen struct {
	status    int
	header    http.Header
	body      string
	err, cut  error
	announced int64
}

func send(t *testing.T, server *resttest.Server, body string) seen {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/user?page=2", strings.NewReader(body))
	require.NoError(t, err)
	resp, err := server.Client().Do(req)
	if err != nil {
		return seen{err: err}
	}
	defer func() { require.NoError(t, resp.Body.Close()) }()
	data, err := io.ReadAll(resp.Body)
	return seen{status: resp.StatusCode, header: resp.Header, body: string(data), cut: err, announced: resp.ContentLength}
}

func TestEachServerHasItsOwnOrigin(t *testing.T) {
	a, b := resttest.NewServer("acme", nil), resttest.NewServer("acme", nil)
	assert.Regexp(t, `^https://[0-9a-f]{8}\.acme\.test$`, a.URL)
	assert.NotEqual(t, a.URL, b.URL)
	a.Start()
	defer a.Close()
	assert.Regexp(t, `^http://127\.0\.0\.1:[0-9]+$`, a.URL)
}

func TestServerRespondsAsTheFakeDoes(t *testing.T) {
	bothWays(t, func(t *testing.T, server *resttest.Server, _ *fake) {
		for _, body := range []string{"", "hello", strings.Repeat("long ", 1<<20)} {
			got := send(t, server, body)
			require.NoError(t, got.err)
			require.NoError(t, got.cut)
			assert.Equal(t, 201, got.status)
			assert.Equal(t, "yes", got.header.Get("X-Fake"))
			assert.NotEmpty(t, got.header.Get("Date"))
			assert.True(t, body == got.body, "the response repeats the request")
		}
	})
}

func TestServerIsAHandlerForAnyServer(t *testing.T) {
	server := resttest.NewServer("acme", new(fake))
	server.Fail(resttest.Status(503))
	for _, want := range []int{503, 201} {
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "POST", "/user", strings.NewReader("x")))
		assert.Equal(t, want, recorder.Code)
	}
	assert.Len(t, server.Requests(), 2)
}

func TestStartPanicsWhenStartedOrClosed(t *testing.T) {
	server := resttest.NewServer("acme", nil)
	server.Start()
	assert.Panics(t, server.Start)
	server.Close()
	server.Close()
	assert.Panics(t, server.Start)
}
