package resttest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest/resttest"
)

func TestFaultsInMemoryAndOverLoopback(t *testing.T) {
	tests := []struct {
		name     string
		fault    resttest.Fault
		status   int // returned and recorded; 0: the connection is cut before
		body     string
		cut      bool // in the body
		executed int64
	}{
		{"none", resttest.Fault{}, 201, "hello", false, 1},
		{"status", resttest.Status(503), 503, `{"message":"Service Unavailable"}`, false, 0},
		{"status without a body", resttest.Fault{Status: 204}, 204, "", false, 0},
		{"throttled", resttest.Throttle("60"), 429, `{"message":"Too Many Requests"}`, false, 0},
		{"status after execution", resttest.Fault{Status: 200, Body: "null", Execute: true}, 200, "null", false, 1},
		{"padded", resttest.Fault{Status: 200, Body: "{}", Size: 5}, 200, "{}   ", false, 0},
		{"padded to less", resttest.Fault{Status: 200, Body: "{}", Size: 1}, 200, "{}", false, 0},
		{"reset", resttest.Reset(), 0, "", false, 0},
		{"reset instead of a status", resttest.Fault{Status: 200, Execute: true, Cut: resttest.CutRequest}, 0, "", false, 0},
		{"lost response", resttest.LostResponse(), 0, "", false, 1},
		{"lost status", resttest.Fault{Status: 500, Cut: resttest.CutResponse}, 0, "", false, 0},
		{"truncated at the start", resttest.TruncatedResponse(0), 201, "", true, 1},
		{"truncated", resttest.TruncatedResponse(2), 201, "he", true, 1},
		{"truncated at the end", resttest.TruncatedResponse(99), 201, "hello", true, 1},
		{"truncated status", resttest.Fault{Status: 400, Body: "hello", Cut: resttest.CutBody, CutAfter: 4}, 400, "hell", true, 0},
		{"delayed", resttest.Fault{Delay: time.Millisecond}, 201, "hello", false, 1},
		{"slow", resttest.Fault{ByteDelay: time.Millisecond}, 201, "hello", false, 1},
		{"slow and truncated", resttest.Fault{ByteDelay: time.Millisecond, Cut: resttest.CutBody, CutAfter: 2}, 201, "he", true, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, server *resttest.Server, fake *fake) {
				server.Fail(tt.fault)
				got := send(t, server, "hello")
				if tt.status == 0 {
					require.Error(t, got.err)
				} else {
					require.NoError(t, got.err)
				}
				assert.Equal(t, tt.status, got.status)
				assert.Equal(t, tt.body, got.body)
				if tt.cut {
					require.ErrorIs(t, got.cut, io.ErrUnexpectedEOF)
				} else {
					require.NoError(t, got.cut)
				}
				assert.Equal(t, tt.executed, fake.executed.Load())
				requests := server.Requests()
				require.Len(t, requests, 1)
				assert.Equal(t, tt.status, requests[0].Status)
				assert.True(t, requests[0].Faulted)

				next := send(t, server, "again")
				require.NoError(t, next.err, "one request only")
				assert.Equal(t, "again", next.body)
			})
		})
	}
}

func TestFaultHeaders(t *testing.T) {
	bothWays(t, func(t *testing.T, server *resttest.Server, _ *fake) {
		server.Fail(resttest.Throttle("60"), resttest.Throttle(""), resttest.HTML(502),
			resttest.Fault{Header: http.Header{"X-Fake": {"no"}, "X-More": {"1"}}})
		assert.Equal(t, "60", send(t, server, "").header.Get("Retry-After"))
		assert.NotContains(t, send(t, server, "").header, "Retry-After")
		page := send(t, server, "")
		assert.Equal(t, "text/html; charset=utf-8", page.header.Get("Content-Type"))
		assert.Contains(t, page.body, "<h1>Bad Gateway</h1>")
		executed := send(t, server, "")
		assert.Equal(t, 201, executed.status)
		assert.Equal(t, []string{"no", "1"}, []string{executed.header.Get("X-Fake"), executed.header.Get("X-More")})
	})
}

func TestFaultsApplyInOrder(t *testing.T) {
	bothWays(t, func(t *testing.T, server *resttest.Server, _ *fake) {
		server.Fail(resttest.Status(500).On("GET /user"), resttest.Status(502).Repeat(2))
		server.Fail(resttest.Status(503).On("POST /user"), resttest.Status(504).Repeat(-1))
		var got []int
		for range 6 {
			got = append(got, send(t, server, "").status)
		}
		assert.Equal(t, []int{502, 502, 503, 504, 504, 504}, got)
		server.ClearFaults()
		assert.Equal(t, 201, send(t, server, "").status)
	})
}

func TestFaultMatch(t *testing.T) {
	server := resttest.NewServer("acme", new(fake))
	mentions := func(text string) func(*http.Request) bool {
		return func(r *http.Request) bool {
			body, err := io.ReadAll(r.Body)
			return err == nil && bytes.Contains(body, []byte(text))
		}
	}
	third := func(*http.Request) bool { return len(server.Requests()) == 2 }
	server.Fail(
		resttest.Fault{Match: mentions("ada"), Status: 400},
		resttest.Fault{Match: mentions("bob"), Status: 422},
		resttest.Fault{Match: third, Status: 503},
		resttest.Status(404).On("/user/{id}"),
		resttest.Status(409).On("POST /user/"),
	)
	assert.Equal(t, seen{status: 422, body: ""}, statusOf(send(t, server, "bob")))
	assert.Equal(t, "carl", send(t, server, "carl").body, "Match has read a copy of the body")
	assert.Equal(t, 503, send(t, server, "dora").status)
	assert.Equal(t, 400, send(t, server, "ada").status)
	assert.Equal(t, 201, send(t, server, "ada").status)
}

func statusOf(s seen) seen { return seen{status: s.status, body: s.body} }

func TestFailPanicsOnInvalidStatus(t *testing.T) {
	server := resttest.NewServer("acme", nil)
	for _, status := range []int{-1, 1, 100, 199, 1000} {
		assert.Panics(t, func() { server.Fail(resttest.Fault{Status: status}) })
	}
	assert.Panics(t, func() { resttest.Status(500).On("no pattern") })
}

func TestDelayDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		server := resttest.NewServer("acme", f)
		start := time.Now()
		server.Fail(resttest.Fault{Delay: time.Hour}, resttest.Fault{ByteDelay: time.Minute})
		require.NoError(t, send(t, server, "hello").err)
		assert.Equal(t, time.Hour, time.Since(start))
		require.NoError(t, send(t, server, "hello").cut)
		assert.Equal(t, time.Hour+5*time.Minute, time.Since(start))

		// A client that leaves ends them. The server has executed by then.
		for _, fault := range []resttest.Fault{
			{Delay: time.Hour}, {ByteDelay: time.Hour}, {Delay: time.Hour, Cut: resttest.CutResponse},
		} {
			start, executed := time.Now(), f.executed.Load()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			server.Fail(fault)
			req, err := http.NewRequestWithContext(ctx, "POST", server.URL, strings.NewReader("hello"))
			require.NoError(t, err)
			resp, err := server.Client().Do(req)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				require.NoError(t, resp.Body.Close())
			}
			require.ErrorIs(t, err, context.DeadlineExceeded)
			synctest.Wait()
			assert.Equal(t, time.Second, time.Since(start))
			assert.Equal(t, executed+1, f.executed.Load())
			cancel()
		}
	})
}

func TestLargeBodyUsesConstantMemory(t *testing.T) {
	const size = 1 << 30
	bothWays(t, func(t *testing.T, server *resttest.Server, _ *fake) {
		server.Fail(
			resttest.Fault{Status: 200, Body: "{}", Size: size},
			resttest.Fault{Status: 200, Size: size, Header: http.Header{"Content-Length": {"1073741824"}}},
		)
		for _, announced := range []int64{-1, size} {
			resp, err := server.Client().Get(server.URL)
			require.NoError(t, err)
			assert.Equal(t, announced, resp.ContentLength)
			n, err := io.CopyN(io.Discard, resp.Body, 1<<20)
			require.NoError(t, err)
			assert.EqualValues(t, 1<<20, n)
			require.NoError(t, resp.Body.Close(), "the rest is never generated")
		}
	})
}

// Each fault applies once, also to concurrent requests.
func TestFaultsUnderConcurrency(t *testing.T) {
	bothWays(t, func(t *testing.T, server *resttest.Server, fake *fake) {
		const clients, each = 16, 8
		server.Fail(resttest.Status(503).Repeat(5), resttest.LostResponse().Repeat(7))
		var lost, unavailable atomic.Int64
		var group sync.WaitGroup
		for range clients {
			group.Go(func() {
				for range each {
					got := send(t, server, "hello")
					if got.err != nil {
						lost.Add(1)
					}
					if got.status == 503 {
						unavailable.Add(1)
					}
				}
			})
		}
		group.Wait()
		assert.EqualValues(t, 7, lost.Load())
		assert.EqualValues(t, 5, unavailable.Load())
		assert.EqualValues(t, clients*each-5, fake.executed.Load())
		assert.Len(t, server.Requests(), clients*each)
	})
}
