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

// The name under which the n-th upsert writes a user.
func nth(n int) string { return "n" + strconv.Itoa(n) }

func address(user int) string { return fmt.Sprintf("user%d@example.com", user) }

// watched is a client through which no body is left open, and whose requests and
// answers are on their way for so long that they meet others.
func watched(t *testing.T, server http.Handler) *http.Client {
	t.Helper()
	return &http.Client{Transport: distant{bodycheck.Transport(t, direct{server})}}
}

// direct hands requests to the server without HTTP in between, which takes more
// time than all the rest; the matrix has it.
type direct struct{ server http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer func() { _ = r.Body.Close() }()
	resp := acting(d.server, r)
	if resp == nil {
		return nil, io.ErrUnexpectedEOF
	}
	resp.ContentLength = -1
	return resp, r.Context().Err()
}

// distant is a transport to a server that is some way off.
type distant struct{ next http.RoundTripper }

func (d distant) RoundTrip(r *http.Request) (*http.Response, error) {
	d.travel()
	resp, err := d.next.RoundTrip(r)
	d.travel()
	return resp, err
}

// travel takes no time: the tests run in bubbles.
func (distant) travel() { time.Sleep(time.Duration(1+rand.IntN(50)) * time.Millisecond) }

// identifaiCrowd never has an id: each upsert creates, and finds the user by its
// address when that is refused. The fake's addresses are unique, as the vendor's
// are taken to be; without that, nobody could tell a lost create from none.
func identifaiCrowd(t *testing.T) (concurrentRun[identifai.UserInput], *identifaitest.Server) {
	server := identifaitest.NewServer()
	client, err := identifai.New(identifaitest.Key, unpacedOptions(server.URL, watched(t, server.Server))...)
	require.NoError(t, err)
	looks := func(u identifai.UserInput) []string { return []string{u.Name + " " + u.Heuristic} }
	return concurrentRun[identifai.UserInput]{
		input: func(user, n int) identifai.UserInput {
			return identifai.UserInput{Name: nth(n), Email: address(user), Heuristic: nth(n), PricingID: 1}
		},
		key: func(u identifai.UserInput) string { return strings.ToLower(u.Email) },
		upsert: func(ctx context.Context, u identifai.UserInput) (upsertReceipt, error) {
			result, err := client.UpsertUser(ctx, u)
			if err != nil {
				return upsertReceipt{}, err
			}
			return upsertReceipt{strconv.FormatInt(result.ID, 10), result.Outcome}, nil
		},
		looks: looks,
		stored: func() []stored {
			var users []stored
			for _, u := range server.Users() {
				users = append(users, stored{strings.ToLower(u.Email), strconv.FormatInt(*u.ID, 10), looks(u)})
			}
			return users
		},
	}, server
}

func partooCrowd(t *testing.T) (concurrentRun[partoo.UserInput], *partootest.Server) {
	server := partootest.NewServer()
	client, err := partoo.New(partootest.Key, unpacedOptions(server.URL+"/v2", watched(t, server.Server))...)
	require.NoError(t, err)
	return concurrentRun[partoo.UserInput]{
		input: func(user, n int) partoo.UserInput {
			return partoo.UserInput{Email: address(user), FirstName: nth(n), LastName: nth(n), Role: partoo.RolePublisher}
		},
		key: func(u partoo.UserInput) string { return strings.ToLower(u.Email) },
		upsert: func(ctx context.Context, u partoo.UserInput) (upsertReceipt, error) {
			result, err := client.UpsertUser(ctx, u)
			return upsertReceipt{result.ID, result.Outcome}, err
		},
		looks: func(u partoo.UserInput) []string { return []string{u.FirstName + " " + u.LastName} },
		stored: func() []stored {
			var users []stored
			for _, u := range server.Users() {
				users = append(users, stored{strings.ToLower(u.Email), u.ID, []string{u.FirstName + " " + u.LastName}})
			}
			return users
		},
	}, server
}

// usercomCrowd has a custom attribute for every fourth user, which takes a second
// request: the two may come from different upserts.
func usercomCrowd(t *testing.T) (concurrentRun[usercom.UserInput], *usercomtest.Server) {
	server := usercomtest.NewServer()
	client, err := usercom.New("", usercomtest.Key, unpacedOptions(server.URL+"/api/public", watched(t, server.Server))...)
	require.NoError(t, err)
	looks := func(u usercom.UserInput) []string {
		return []string{u.FirstName + " " + u.LastName, fmt.Sprint(u.Attributes)}
	}
	return concurrentRun[usercom.UserInput]{
		input: func(user, n int) usercom.UserInput {
			u := usercom.UserInput{UserID: nth(user), Email: address(user), FirstName: nth(n), LastName: nth(n)}
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
		looks: looks,
		stored: func() []stored {
			var users []stored
			for _, u := range server.Users() {
				users = append(users, stored{u.UserID, strconv.FormatInt(u.ID, 10), looks(u.UserInput)})
			}
			return users
		},
	}, server
}

// In a bubble waits take no time, and a goroutine that is left behind fails the
// test.
func TestLoad(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"identifAI in order": func(t *testing.T) { c, s := identifaiCrowd(t); c.inOrder(t, "identifAI", s.Server) },
		"identifAI at once":  func(t *testing.T) { c, s := identifaiCrowd(t); c.atOnce(t, "identifAI", s.Server) },
		"Partoo in order":    func(t *testing.T) { c, s := partooCrowd(t); c.inOrder(t, "Partoo", s.Server) },
		"Partoo at once":     func(t *testing.T) { c, s := partooCrowd(t); c.atOnce(t, "Partoo", s.Server) },
		"user.com in order":  func(t *testing.T) { c, s := usercomCrowd(t); c.inOrder(t, "user.com", s.Server) },
		"user.com at once":   func(t *testing.T) { c, s := usercomCrowd(t); c.atOnce(t, "user.com", s.Server) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, test)
		})
	}
}
