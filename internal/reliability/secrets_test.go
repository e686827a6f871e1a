package reliability

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/bodycheck"
	"github.com/usersync/usersync/internal/everycall"
	"github.com/usersync/usersync/rest"
)

// callsOf are all calls of each wrapper, with a marked key and marked passwords.
var callsOf = map[string]everycall.Operations{
	"identifai": everycall.Identifai, "partoo": everycall.Partoo, "usercom": everycall.UserCom,
}

// when says which requests of a call fail: those from the first to the last, counted
// from 0.
type when struct{ first, last int }

// whensOf are the ways to fail a call that sends so many requests when all is well.
func whensOf(requests int64, upserts bool) []when {
	whens := []when{{0, 99}}
	if upserts { // which go on after a failure
		whens = append(whens, when{0, 0})
	}
	for first := range int(requests) - 1 {
		whens = append(whens, when{first + 1, 99}, when{first + 1, first + 1})
	}
	return whens
}

// TestNoOutputHoldsASecret has every call fail in every way that could bring out
// its key or its password, at every request, and searches all that is written.
func TestNoOutputHoldsASecret(t *testing.T) {
	t.Parallel()
	var failures, texts atomic.Int64
	ways, calls := leaks(), 0
	t.Run("calls", func(t *testing.T) {
		for provider, operations := range callsOf {
			all, err := operations()
			require.NoError(t, err)
			calls += len(all)
			for i, operation := range all {
				t.Run(fmt.Sprintf("%s/%d %s", provider, i, operation.Name), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						for _, users := range foundUsers[provider] {
							well := &leaky{when: when{99, 99}, users: users}
							s := &search{t: t, name: "without a failure", password: operation.UsesPassword}
							require.False(t, s.run(operations, i, well), operation.Name)
							for _, when := range whensOf(well.seen.Load(), operation.UsesPassword) {
								for name, leak := range ways {
									s.name = fmt.Sprintf("%s at %v", name, when)
									if s.run(operations, i, &leaky{leak: leak, when: when, users: users}) {
										failures.Add(1)
									}
								}
							}
							texts.Add(s.texts)
						}
					})
				})
			}
		}
	})
	figure(t, "texts of errors and logs, all without key and password", "%d, of %d failures of %d calls", texts.Load(), failures.Load(), calls)
}

// foundUsers are those that a search finds, without whom Partoo's upsert creates
// and with whom it updates.
var foundUsers = map[string][]string{"identifai": {""}, "partoo": {"", knownUser}, "usercom": {""}}

// search looks for the secrets in texts.
type search struct {
	t        *testing.T
	name     string
	password bool
	texts    int64
}

// run makes a call and searches what it writes. It reports whether the call
// failed.
func (s *search) run(operations everycall.Operations, i int, server *leaky) bool {
	var log bytes.Buffer
	all, err := operations(
		rest.WithHTTPClient(&http.Client{Transport: bodycheck.Transport(s.t, server)}), rest.WithQuotas(), rest.WithLogger(slog.New(handlers(&log))))
	require.NoError(s.t, err)
	_, err = all[i].Call(s.t.Context())
	s.in("log", log.String())
	if err != nil {
		s.inError(err)
	}
	return err != nil
}

// handlers write what they are given as text and as JSON.
func handlers(log *bytes.Buffer) slog.Handler {
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	return slog.NewMultiHandler(slog.NewTextHandler(log, options), slog.NewJSONHandler(log, options))
}

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"}

// inError searches all that may be made of an error.
func (s *search) inError(err error) {
	s.inValue(err)
	s.inLogOf(fmt.Errorf("user 7: %w", errors.Join(err, err)))
	if e, _ := errors.AsType[*rest.Error](err); e != err {
		s.inValue(e)
	} else {
		s.inValue(*e)
	}
}

// inValue searches a value under every verb, in slog and in JSON.
func (s *search) inValue(v any) {
	for _, verb := range verbs {
		s.in(verb, fmt.Sprintf(verb, v))
	}
	s.in("%+v in a struct", fmt.Sprintf("%+v", struct{ V any }{v}))
	s.in("%s in a list", fmt.Sprintf("%s", []any{v}))
	if text, err := json.Marshal(v); assert.NoError(s.t, err) {
		s.in("JSON", string(text))
	}
	s.inLogOf(v)
	s.inLogOf([]any{v})
}

// inLogOf searches what slog writes of a value.
func (s *search) inLogOf(v any) {
	var log bytes.Buffer
	slog.New(handlers(&log)).Error("failed", "value", v, slog.Group("of", "it", v))
	s.in("slog", log.String())
}

// in searches a text for the marks, also as %x writes them.
func (s *search) in(place, text string) {
	s.texts++
	forms := keyForms
	if s.password {
		forms = bothForms
	}
	for _, form := range forms {
		if strings.Contains(text, form) {
			s.t.Fatalf("%s: %s holds %s: %.600s", s.name, place, form, text)
		}
	}
}

var (
	keyForms  = formsOf(everycall.KeyMark)
	bothForms = append(formsOf(everycall.PasswordMark), keyForms...)
)

func formsOf(mark string) []string {
	return []string{mark, fmt.Sprintf("%x", mark), fmt.Sprintf("%X", mark)}
}
