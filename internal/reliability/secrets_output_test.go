package reliability

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
	genidentifai "github.com/usersync/usersync/gen/identifai"
	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
)

// Inputs and clients may be logged by accident.
func TestInputsAndClientsPrintNoSecrets(t *testing.T) {
	t.Parallel()
	secret := rest.Secret(password)
	inputs := []any{
		identifai.UserInput{Password: secret}, &identifai.UserInput{Password: secret},
		partoo.UserInput{OnCreate: partoo.OnCreate{Password: secret}}, &partoo.UserInput{OnCreate: partoo.OnCreate{Password: secret}},
		partoo.OnCreate{Password: secret},
		partoo.CreateUserRequest{Password: &secret}, &partoo.CreateUserRequest{Password: &secret},
		partoo.UpdateUserRequest{Password: &secret}, &partoo.UpdateUserRequest{Password: &secret},
		genidentifai.CreateOrUpdateUserRequest{Password: &secret}, &genidentifai.CreateOrUpdateUserRequest{Password: &secret},
		secret, &secret,
	}
	for _, input := range inputs {
		s := &search{t: t, name: fmt.Sprintf("%T", input), password: true}
		for _, verb := range verbs {
			s.in(verb, fmt.Sprintf(verb, input))
			s.in(verb+" in a list", fmt.Sprintf(verb, []any{input}))
		}
		s.inLogOf(input)
	}
	one, err := identifai.New(key)
	require.NoError(t, err)
	two, err := partoo.New(key)
	require.NoError(t, err)
	three, err := usercom.New("app", key)
	require.NoError(t, err)
	stack, err := rest.NewClient(rest.Provider{Name: "acme", BaseURL: "https://acme.example", Header: "X-Api-Key"}, key)
	require.NoError(t, err)
	for _, client := range []any{one, *one, one.API(), *one.API(), two, *two, two.API(), three, *three, three.API(), stack, *stack} {
		s := &search{t: t, name: fmt.Sprintf("%T", client)}
		for _, verb := range verbs {
			s.in(verb, fmt.Sprintf(verb, client))
		}
		s.inLogOf(client)
	}
}

// A panic shows a stack, not what was sent.
func TestPanicsShowNoSecrets(t *testing.T) {
	t.Parallel()
	hc := rest.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic("the transport is broken")
	})})
	one, err := identifai.New(key, hc, rest.WithQuotas())
	require.NoError(t, err)
	users := []identifai.UserInput{{Name: "Ada", Email: "ada@example.com", Heuristic: "Average", PricingID: 1, Password: password}}
	var panicked any
	func() {
		defer func() { panicked = recover() }()
		for range upsert.All(t.Context(), slices.Values(users), one.UpsertUser) {
			t.Error("All yielded a result")
		}
	}()
	p, ok := panicked.(*upsert.Panic)
	require.True(t, ok, "%v", panicked)
	assert.Contains(t, p.Error(), "the transport is broken")
	s := &search{t: t, name: "panic", password: true}
	for _, verb := range verbs {
		s.in(verb, fmt.Sprintf(verb, p))
	}
	s.in("stack", string(p.Stack))
	s.inLogOf(p)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A journal contains the texts of errors.
func TestJournalsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	options := []rest.Option{rest.WithQuotas(), rest.WithRetry(backoff.Policy{MaxWait: 1})}
	for name, leak := range leaks() {
		hc := rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, &leaky{leak: leak, when: interval{0, 99}})})
		one, err := identifai.New(key, append(options, hc)...)
		require.NoError(t, err)
		two, err := partoo.New(key, append(options, hc)...)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "journal")
		record(t, path, identifai.UserInput{Name: "Ada", Email: "ada@example.com", Heuristic: "Average", PricingID: 1, Password: password}, one.UpsertUser)
		record(t, path+"2", partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "L", OnCreate: partoo.OnCreate{Password: password}}, two.UpsertUser)
		for _, file := range []string{path, path + "2"} {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, 2, strings.Count(string(text), "\n"), "%s: a header and a user", name)
			s := &search{t: t, name: name, password: true}
			s.in("journal", string(text))
		}
	}
}

// userFailure makes a run record an error of any class.
type userFailure struct{ error }

func (userFailure) FailureClass() (string, bool) { return "user", false }
func (e userFailure) Unwrap() error              { return e.error }

func record[U, R any](t *testing.T, path string, user U, upsertUser func(context.Context, U) (R, error)) {
	t.Helper()
	journal, err := upsert.OpenJournal(path, upsert.JournalHeader{Provider: "p", Input: "i"})
	require.NoError(t, err)
	recorded := func(ctx context.Context, user U) (R, error) {
		r, err := upsertUser(ctx, user)
		if err != nil {
			err = userFailure{err}
		}
		return r, err
	}
	for item := range upsert.All(t.Context(), slices.Values([]U{user}), recorded, upsert.WithJournal(journal), upsert.WithMaxOutage(1)) {
		if item.Err != nil {
			item.Err = errors.Unwrap(item.Err)
			s := &search{t: t, name: "item", password: true}
			s.inLogOf(item)
		}
	}
	require.NoError(t, journal.Close())
}

// The errors of the fakes contain neither keys nor passwords, and the fakes record no
// credentials. They do record bodies.
func TestFakesRepeatNoSecrets(t *testing.T) {
	t.Parallel()
	for _, call := range calls() {
		for _, key := range []string{key, ""} { // a wrong key, and the right one
			var responses strings.Builder
			s := call.start(connection{t: t, key: key, options: noQuotas(), transport: func(server *resttest.Server) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					resp, err := server.RoundTrip(r)
					if err != nil {
						return nil, err
					}
					body, err := io.ReadAll(resp.Body)
					fmt.Fprintf(&responses, "%v %s\n", resp.Header, body)
					resp.Body = io.NopCloser(bytes.NewReader(body))
					return resp, err
				})
			}})
			for range 2 { // the second time, created users exist
				_, err := s.call(t.Context())
				if key != "" {
					assert.ErrorIs(t, err, rest.ErrUnauthorized, "%s %s", call.provider, call.name)
				}
			}
			texts := &search{t: t, name: "fake of " + call.provider + ", " + call.name, password: true}
			require.NotEmpty(t, responses.String())
			texts.in("responses", responses.String())
			for _, r := range s.server.Requests() {
				texts.in("records", fmt.Sprintf("%s %s %v %v", r.Method, r.Path, r.Query, r.Header))
			}
		}
	}
}
