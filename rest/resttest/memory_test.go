package resttest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest/resttest"
)

func TestRoundTripRejectsOtherOrigins(t *testing.T) {
	f := new(fake)
	server := resttest.NewServer("acme", f)
	host := strings.TrimPrefix(server.URL, "https://")
	for _, url := range []string{"http://" + host, server.URL + ":8443", "https://evil.test", "https://evil." + host} {
		_, err := server.Client().Post(url, "text/plain", strings.NewReader("x"))
		require.ErrorContains(t, err, "has reached "+server.URL)
	}
	assert.Zero(t, f.executed.Load())
	assert.Empty(t, server.Requests())
}

func TestServerWorksInSeveralSynctestBubbles(t *testing.T) {
	server := resttest.NewServer("acme", new(fake))
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			server.Fail(resttest.Fault{Delay: time.Hour})
			assert.Equal(t, "hello", send(t, server, "hello").body)
		})
		assert.Equal(t, "hello", send(t, server, "hello").body)
	}
}

// A closed server accepts no connections, so nothing is sent.
func TestClosedServersAreUnreachable(t *testing.T) {
	bothWays(t, func(t *testing.T, server *resttest.Server, fake *fake) {
		require.NoError(t, send(t, server, "hello").err)
		server.Close()
		wrote := false
		trace := &httptrace.ClientTrace{WroteHeaders: func() { wrote = true }}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", server.URL, nil)
		require.NoError(t, err)
		_, err = server.Client().Do(req)
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		var op *net.OpError
		require.ErrorAs(t, err, &op)
		assert.Equal(t, "dial", op.Op)
		assert.False(t, wrote)
		assert.EqualValues(t, 1, fake.executed.Load())
	})
}

func TestRoundTripCallsTheTrace(t *testing.T) {
	bothWays(t, func(t *testing.T, server *resttest.Server, _ *fake) {
		var calls []string
		trace := &httptrace.ClientTrace{
			GetConn:              func(string) { calls = append(calls, "GetConn") },
			WroteHeaders:         func() { calls = append(calls, "WroteHeaders") },
			GotFirstResponseByte: func() { calls = append(calls, "GotFirstResponseByte") },
		}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", server.URL, nil)
		require.NoError(t, err)
		resp, err := server.Client().Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, []string{"GetConn", "WroteHeaders", "GotFirstResponseByte"}, calls)
	})
}

// The context of a handler ends when the client cancels the request.
func TestHandlerContextEndsWhenClientCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan error, 1)
		server := resttest.NewServer("acme", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			gone <- r.Context().Err()
		}))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		req, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
		require.NoError(t, err)
		start := time.Now()
		_, err = server.Client().Do(req)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, time.Minute, time.Since(start))
		require.ErrorIs(t, <-gone, context.Canceled)
	})
}

// A panic of the fake cuts the connection. net/http logs the panic.
func TestHandlerAbortClosesConnection(t *testing.T) {
	bothWays(t, func(t *testing.T, server *resttest.Server, _ *fake) {
		aborting := resttest.NewServer("acme", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "never sent")
			panic(http.ErrAbortHandler)
		}))
		if strings.HasPrefix(server.URL, "http://") {
			aborting.Start()
			defer aborting.Close()
		}
		assert.Error(t, send(t, aborting, "x").err)
	})
}

func TestCloseEndsRequestsInFlightAndLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	server := resttest.NewServer("acme", new(fake))
	server.Start()
	client := server.Client()
	require.NoError(t, send(t, server, "hello").err)
	server.Fail(resttest.Fault{Delay: time.Hour})
	failed := make(chan error, 1)
	go func() {
		resp, err := client.Post(server.URL, "text/plain", strings.NewReader("x"))
		if err == nil {
			err = errors.Join(errors.New("got a response"), resp.Body.Close())
		}
		failed <- err
	}()
	require.Eventually(t, func() bool { return len(server.Requests()) == 2 }, 10*time.Second, time.Millisecond)
	server.Close()
	var op net.Error
	err := <-failed
	require.ErrorAs(t, err, &op, "the connection is cut: %v", err)
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		require.True(t, time.Now().Before(end), "goroutines left: %d, before: %d", runtime.NumGoroutine(), before)
	}
}
