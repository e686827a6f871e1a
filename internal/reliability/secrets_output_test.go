package reliability

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
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
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/internal/everycall"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// Inputs with passwords, and clients with keys, may be logged by accident.
func TestInputsAndClientsPrintNoSecrets(t *testing.T) {
	t.Parallel()
	password := rest.Secret(everycall.Password)
	inputs := []any{
		identifai.UserInput{Password: password}, &identifai.UserInput{Password: password},
		partoo.UserInput{OnCreate: partoo.OnCreate{Password: password}}, &partoo.UserInput{OnCreate: partoo.OnCreate{Password: password}},
		partoo.OnCreate{Password: password},
		partoo.CreateUserRequest{Password: &password}, &partoo.CreateUserRequest{Password: &password},
		partoo.UpdateUserRequest{Password: &password}, &partoo.UpdateUserRequest{Password: &password},
		genidentifai.CreateOrUpdateUserRequest{Password: &password}, &genidentifai.CreateOrUpdateUserRequest{Password: &password},
		password, &password,
	}
	for _, input := range inputs {
		s := &search{t: t, name: fmt.Sprintf("%T", input), password: true}
		for _, verb := range verbs {
			s.in(verb, fmt.Sprintf(verb, input))
			s.in(verb+" in a list", fmt.Sprintf(verb, []any{input}))
		}
		s.inLogOf(input)
	}
	one, err := identifai.New(everycall.Key)
	require.NoError(t, err)
	two, err := partoo.New(everycall.Key)
	require.NoError(t, err)
	three, err := usercom.New("app", everycall.Key)
	require.NoError(t, err)
	stack, err := rest.NewClient(rest.Provider{Name: "acme", BaseURL: "https://acme.example", Header: "X-Api-Key"}, everycall.Key)
	require.NoError(t, err)
	for _, client := range []any{one, *one, one.API(), *one.API(), two, *two, two.API(), three, *three, three.API(), stack, *stack} {
		s := &search{t: t, name: fmt.Sprintf("%T", client)}
		for _, verb := range verbs {
			s.in(verb, fmt.Sprintf(verb, client))
		}
		s.inLogOf(client)
	}
}

// A panic on the way shows a stack, not what was sent.
func TestPanicsShowNoSecrets(t *testing.T) {
	t.Parallel()
	hc := rest.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic("the transport is broken")
	})})
	one, err := identifai.New(everycall.Key, hc, rest.WithQuotas())
	require.NoError(t, err)
	users := []identifai.UserInput{{Name: "Ada", Email: "ada@example.com", Heuristic: "Average", PricingID: 1, Password: everycall.Password}}
	var panicked any
	func() {
		defer func() { panicked = recover() }()
		for range upsert.All(t.Context(), slices.Values(users), one.UpsertUser) {
			t.Error("nothing should have come out")
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

// A journal holds the texts of errors.
func TestJournalsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	quick := []rest.Option{rest.WithQuotas(), rest.WithRetry(backoff.Policy{MaxWait: 1})}
	for name, leak := range leaks() {
		hc := rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, &leaky{leak: leak, when: when{0, 99}})})
		one, err := identifai.New(everycall.Key, append(quick, hc)...)
		require.NoError(t, err)
		two, err := partoo.New(everycall.Key, append(quick, hc)...)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "journal")
		record(t, path, identifai.UserInput{Name: "Ada", Email: "ada@example.com", Heuristic: "Average", PricingID: 1, Password: everycall.Password}, one.UpsertUser)
		record(t, path+"2", partoo.UserInput{Email: "ada@example.com", FirstName: "Ada", LastName: "L", OnCreate: partoo.OnCreate{Password: everycall.Password}}, two.UpsertUser)
		for _, file := range []string{path, path + "2"} {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, 2, strings.Count(string(text), "\n"), "%s: a header and a user", name)
			s := &search{t: t, name: name, password: true}
			s.in("journal", string(text))
		}
	}
}

func record[U, R any](t *testing.T, path string, user U, do func(context.Context, U) (R, error)) {
	t.Helper()
	journal, err := upsert.OpenJournal(path, upsert.JournalHeader{Provider: "p", Input: "i"})
	require.NoError(t, err)
	for item := range upsert.All(t.Context(), slices.Values([]U{user}), do, upsert.WithJournal(journal)) {
		if item.Err != nil {
			s := &search{t: t, name: "item", password: true}
			s.inLogOf(item)
		}
	}
	require.NoError(t, journal.Close())
}

// The fakes refuse what they do not like without repeating keys and passwords, and
// record no credentials. Bodies they record as they were sent: that is their point.
func TestFakesRepeatNoSecrets(t *testing.T) {
	t.Parallel()
	one, two, three := identifaitest.NewServer(), partootest.NewServer(), usercomtest.NewServer()
	for provider, fake := range map[string]struct {
		server interface {
			http.RoundTripper
			Requests() []resttest.Request
		}
		options []rest.Option
		header  http.Header
	}{
		"identifai": {one, one.Options(), http.Header{"X-Api-Key": {identifaitest.Key}}},
		"partoo":    {two, two.Options(), http.Header{"X-Apikey": {partootest.Key}}},
		"usercom":   {three, three.Options(), http.Header{"Authorization": {"Token " + usercomtest.Key}}},
	} {
		var answers strings.Builder
		// With the wrong key, and twice with the right one, so that all is there already.
		for _, right := range []bool{false, true, true} {
			tap := roundTrip(func(r *http.Request) (*http.Response, error) {
				if right {
					r = r.Clone(r.Context())
					maps.Copy(r.Header, fake.header)
				}
				resp, err := fake.server.RoundTrip(r)
				if err != nil {
					return nil, err
				}
				body, err := io.ReadAll(resp.Body)
				fmt.Fprintf(&answers, "%v %s\n", resp.Header, body)
				resp.Body = io.NopCloser(bytes.NewReader(body))
				return resp, err
			})
			all, err := callsOf[provider](append(fake.options, rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(t, tap)}), rest.WithQuotas())...)
			require.NoError(t, err)
			for _, operation := range all {
				_, err := operation.Call(t.Context())
				if !right && !strings.HasPrefix(operation.Name, "Bulk.") {
					assert.ErrorIs(t, err, rest.ErrUnauthorized, "%s %s", provider, operation.Name)
				}
			}
		}
		s := &search{t: t, name: "fake " + provider, password: true}
		require.NotEmpty(t, answers.String())
		s.in("answers", answers.String())
		for _, r := range fake.server.Requests() {
			s.in("records", fmt.Sprintf("%s %s %v %v", r.Method, r.Path, r.Query, r.Header))
		}
	}
}
