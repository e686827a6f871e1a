package reliability

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// nth returns the name that the n-th upsert writes.
func nth(n int) string { return "n" + strconv.Itoa(n) }

func emailOf(user int) string { return fmt.Sprintf("user%d@example.com", user) }

// slowClient returns a client that checks that bodies are closed. The latency of its
// transport lets requests overlap.
func slowClient(t *testing.T, server http.Handler) *http.Client {
	t.Helper()
	return &http.Client{Transport: latency{bodycheck.Transport(t, direct{server})}}
}

// direct passes requests to the server without HTTP, which would take most of the time.
type direct struct{ server http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer func() { _ = r.Body.Close() }()
	resp := execute(d.server, r)
	if resp == nil {
		return nil, io.ErrUnexpectedEOF
	}
	resp.ContentLength = -1
	return resp, r.Context().Err()
}

// latency is a transport with random latency in both directions, in virtual time.
type latency struct{ next http.RoundTripper }

func (l latency) RoundTrip(r *http.Request) (*http.Response, error) {
	l.wait()
	resp, err := l.next.RoundTrip(r)
	l.wait()
	return resp, err
}

func (latency) wait() { time.Sleep(time.Duration(1+rand.IntN(50)) * time.Millisecond) }

// identifaiRun upserts without an id: each upsert creates, and looks the user up by email
// if that is rejected. Emails are unique in the fake, as presumably at the vendor.
func identifaiRun(t *testing.T) (concurrentRun[identifai.UserInput], *identifaitest.Server) {
	server := identifaitest.NewServer()
	client, err := identifai.New(identifaitest.Key, unpacedOptions(server.URL, slowClient(t, server.Server))...)
	require.NoError(t, err)
	written := func(u identifai.UserInput) []string { return []string{u.Name + " " + u.Heuristic} }
	return concurrentRun[identifai.UserInput]{
		input: func(user, n int) identifai.UserInput {
			return identifai.UserInput{Name: nth(n), Email: emailOf(user), Heuristic: nth(n), PricingID: 1}
		},
		key: func(u identifai.UserInput) string { return strings.ToLower(u.Email) },
		upsert: func(ctx context.Context, u identifai.UserInput) (upsertReceipt, error) {
			result, err := client.UpsertUser(ctx, u)
			if err != nil {
				return upsertReceipt{}, err
			}
			return upsertReceipt{strconv.FormatInt(result.ID, 10), result.Outcome}, nil
		},
		written: written,
		stored: func() []stored {
			var users []stored
			for _, u := range server.Users() {
				users = append(users, stored{strings.ToLower(u.Email), strconv.FormatInt(*u.ID, 10), written(u)})
			}
			return users
		},
	}, server
}

func partooRun(t *testing.T) (concurrentRun[partoo.UserInput], *partootest.Server) {
	server := partootest.NewServer()
	client, err := partoo.New(partootest.Key, unpacedOptions(server.URL+"/v2", slowClient(t, server.Server))...)
	require.NoError(t, err)
	return concurrentRun[partoo.UserInput]{
		input: func(user, n int) partoo.UserInput {
			return partoo.UserInput{Email: emailOf(user), FirstName: nth(n), LastName: nth(n), Role: partoo.RolePublisher}
		},
		key: func(u partoo.UserInput) string { return strings.ToLower(u.Email) },
		upsert: func(ctx context.Context, u partoo.UserInput) (upsertReceipt, error) {
			result, err := client.UpsertUser(ctx, u)
			return upsertReceipt{result.ID, result.Outcome}, err
		},
		written: func(u partoo.UserInput) []string { return []string{u.FirstName + " " + u.LastName} },
		stored: func() []stored {
			var users []stored
			for _, u := range server.Users() {
				users = append(users, stored{strings.ToLower(u.Email), u.ID, []string{u.FirstName + " " + u.LastName}})
			}
			return users
		},
	}, server
}

// usercomRun sets a custom attribute for every fourth user. That takes a second request, so
// the fields and the attribute may come from different upserts.
func usercomRun(t *testing.T) (concurrentRun[usercom.UserInput], *usercomtest.Server) {
	server := usercomtest.NewServer()
	client, err := usercom.New("", usercomtest.Key, unpacedOptions(server.URL+"/api/public", slowClient(t, server.Server))...)
	require.NoError(t, err)
	written := func(u usercom.UserInput) []string {
		return []string{u.FirstName + " " + u.LastName, fmt.Sprint(u.Attributes)}
	}
	return concurrentRun[usercom.UserInput]{
		input: func(user, n int) usercom.UserInput {
			u := usercom.UserInput{UserID: nth(user), Email: emailOf(user), FirstName: nth(n), LastName: nth(n)}
			if user%4 == 0 {
				u.Attributes = map[string]any{"n": nth(n)}
			}
			return u
		},
		key: func(u usercom.UserInput) string { return u.UserID },
		upsert: func(ctx context.Context, u usercom.UserInput) (upsertReceipt, error) {
			result, err := client.UpsertUser(ctx, u)
			if result.ID == 0 {
				return upsertReceipt{}, err
			}
			return upsertReceipt{strconv.FormatInt(result.ID, 10), result.Outcome}, err
		},
		written: written,
		stored: func() []stored {
			var users []stored
			for _, u := range server.Users() {
				users = append(users, stored{u.UserID, strconv.FormatInt(u.ID, 10), written(u.UserInput)})
			}
			return users
		},
	}, server
}

// In a bubble waits take no real time, and a leaked goroutine fails the test.
func TestLoad(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"identifAI in order":     func(t *testing.T) { c, s := identifaiRun(t); c.inOrder(t, "identifAI", s.Server) },
		"identifAI concurrently": func(t *testing.T) { c, s := identifaiRun(t); c.concurrently(t, "identifAI", s.Server) },
		"Partoo in order":        func(t *testing.T) { c, s := partooRun(t); c.inOrder(t, "Partoo", s.Server) },
		"Partoo concurrently":    func(t *testing.T) { c, s := partooRun(t); c.concurrently(t, "Partoo", s.Server) },
		"user.com in order":      func(t *testing.T) { c, s := usercomRun(t); c.inOrder(t, "user.com", s.Server) },
		"user.com concurrently":  func(t *testing.T) { c, s := usercomRun(t); c.concurrently(t, "user.com", s.Server) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, test)
		})
	}
}
