package reliability

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// interval selects requests of a call, counted from 0: those that fail.
type interval struct{ first, last int }

// failingRequests returns the requests that fail in turn, of a call that sends n requests
// without a failure.
func failingRequests(n int64, isUpsert bool) []interval {
	all := []interval{{0, 99}}
	if isUpsert { // it sends more requests after a failure
		all = append(all, interval{0, 0})
	}
	for first := range int(n) - 1 {
		all = append(all, interval{first + 1, 99}, interval{first + 1, first + 1})
	}
	return all
}

// TestNoOutputContainsASecret makes every request of every call fail in every way that
// could reveal the key or the password, and searches all errors and logs.
func TestNoOutputContainsASecret(t *testing.T) {
	t.Parallel()
	var failures, texts atomic.Int64
	failureModes, all := leaks(), calls()
	for _, op := range operations() { // other situations, such as an update in place of a create
		isCovered := func(r request) bool { return r.covered }
		if len(op.requests) > 1 && !slices.ContainsFunc(op.requests, isCovered) && !slices.ContainsFunc(all, func(o operation) bool { return o.provider+o.name == op.provider+op.name }) {
			all = append(all, op)
		}
	}
	t.Run("calls", func(t *testing.T) {
		for _, call := range all {
			t.Run(call.provider+"/"+call.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := &search{t: t, name: "without a failure", password: call.sendsPassword}
					working := &leaky{when: interval{99, 99}}
					failed := s.run(call, working)
					require.False(t, failed && call.isWrapperCall(), call.name)
					for _, when := range failingRequests(working.seen.Load(), call.sendsPassword) {
						for name, leak := range failureModes {
							s.name = fmt.Sprintf("%s at %v", name, when)
							if s.run(call, &leaky{leak: leak, when: when}) {
								failures.Add(1)
							}
						}
					}
					texts.Add(s.texts)
				})
			})
		}
	})
	figure(t, "error and log texts without key and password", "%d, of %d failures of %d calls", texts.Load(), failures.Load(), len(all))
}

// search looks for secrets in texts.
type search struct {
	t        *testing.T
	name     string
	password bool
	texts    int64
}

// run makes a call and searches its log and error. It reports whether the call failed.
func (s *search) run(call operation, server *leaky) bool {
	var log bytes.Buffer
	subject := call.start(connection{t: s.t, key: key, options: noQuotas(rest.WithLogger(slog.New(handlers(&log)))),
		transport: func(*resttest.Server) http.RoundTripper { return server }})
	server.s = &subject
	_, err := subject.call(s.t.Context())
	s.in("log", log.String())
	if err != nil {
		found := *s
		found.password = s.password && !isListError(err)
		found.inError(err)
		s.texts = found.texts
	}
	return err != nil
}

// isListError reports whether err comes from the list of a Bulk, which does not know the password.
func isListError(err error) bool {
	e, ok := errors.AsType[*rest.Error](err)
	return ok && e.Operation == "Bulk"
}

// handlers write text and JSON.
func handlers(log *bytes.Buffer) slog.Handler {
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	return slog.NewMultiHandler(slog.NewTextHandler(log, options), slog.NewJSONHandler(log, options))
}

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"}

// inError searches all texts of an error.
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

// inLogOf searches the output of slog for a value.
func (s *search) inLogOf(v any) {
	var log bytes.Buffer
	slog.New(handlers(&log)).Error("failed", "value", v, slog.Group("of", "it", v))
	s.in("slog", log.String())
}

// in searches a text for the marks, plain and in hexadecimal.
func (s *search) in(place, text string) {
	s.texts++
	forms := keyForms
	if s.password {
		forms = bothForms
	}
	for _, form := range forms {
		if strings.Contains(text, form) {
			s.t.Fatalf("%s: %s contains %s: %.600s", s.name, place, form, text)
		}
	}
}

var (
	keyForms  = formsOf(keyMark)
	bothForms = append(formsOf(passwordMark), keyForms...)
)

func formsOf(mark string) []string {
	return []string{mark, fmt.Sprintf("%x", mark), fmt.Sprintf("%X", mark)}
}
