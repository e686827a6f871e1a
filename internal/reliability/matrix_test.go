package reliability

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// faultsInMemory are the cases that need no wire. Time is virtual.
func faultsInMemory(t *testing.T) {
	everyCase(t, memoryFaults(), func(t *testing.T, c testCase) {
		synctest.Test(t, func(t *testing.T) { c.inMemory(t) })
	})
}

// everyCase runs test for each request of each operation and each fault.
func everyCase(t *testing.T, faults []fault, test func(*testing.T, testCase)) {
	tally.faults.Add(int64(len(faults)))
	for _, op := range operations() {
		for i, place := range op.places {
			if place.settled {
				continue
			}
			t.Run(op.provider+"/"+op.name+"/"+place.request, func(t *testing.T) {
				t.Parallel()
				for _, f := range faults {
					t.Run(f.name, func(t *testing.T) {
						if f.wire != nil {
							t.Parallel()
						}
						test(t, testCase{operation: op, place: place, number: i + 1, fault: f})
					})
				}
			})
		}
	}
}

// testCase is a fault that meets one request of an operation.
type testCase struct {
	operation
	place  place
	number int // of the request, from 1
	fault  fault
}

// inMemory runs the case in a bubble, at a time of day and year that headers can
// tell.
func (c testCase) inMemory(t *testing.T) {
	time.Sleep(time.Until(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)))
	s := c.start(connection{t: t, options: []rest.Option{rest.WithResponseLimit(limit)}, transport: func(server *resttest.Server) http.RoundTripper {
		if c.fault.alter == nil {
			return server
		}
		return &alteration{next: server, n: int64(c.number), alter: c.fault.alter}
	}})
	if c.fault.memory != nil {
		f := c.fault.memory(time.Now())
		f.Match = func(*http.Request) bool { return len(s.server.Requests()) >= c.number-1 }
		s.server.Fail(f)
	}
	c.judge(t, s, c.run(t, s), func() int { return len(s.server.Requests()) })
}

// result is what the caller sees of a call.
type result struct {
	problem string
	err     error
	took    time.Duration
}

func (c testCase) run(t *testing.T, s subject) result {
	ctx := t.Context()
	if c.fault.patient > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.fault.patient)
		defer cancel()
	}
	began := time.Now()
	problem, err := s.call(ctx)
	return result{problem, err, time.Since(began)}
}

// seen is all there is to see of a case, in one piece so that one comparison shows
// the difference.
type seen struct {
	Outcome  string // "ok" or what kind of error
	Status   int    // 200 for any 2xx
	Attempts string
	Executed string
	Matches  []string
	Problem  string
	Requests string
	State    string
}

// judge compares what happened with what the tables say.
func (c testCase) judge(t *testing.T, s subject, r result, requests func() int) {
	want, wait := c.expected()
	got := seen{Outcome: "ok", Problem: r.problem, Requests: fmt.Sprint(requests()), State: s.state()}
	if r.err != nil {
		c.seenOf(r.err, &got)
	}
	if want.Attempts == fmt.Sprint(several) {
		want.Attempts, want.Requests = c.patience(got)
	}
	assert.Equal(t, want, got, "%v", r.err)
	if c.aboutUpsert() { // whatever the tables say
		assert.NotContains(t, got.State, "users")
		assert.True(t, r.err != nil || got.State == "as asked", "success, but %s", got.State)
		doubles := c.secondCreates(s)
		assert.Zero(t, doubles, "the fake had to refuse requests")
		tally.doubles.Add(int64(doubles))
	}
	assert.GreaterOrEqual(t, r.took, wait.least)
	assert.LessOrEqual(t, r.took, wait.most)
	c.count(t, got)
}

// seenOf fills in what an error tells.
func (c testCase) seenOf(err error, got *seen) {
	got.Outcome = "error"
	e, ok := errors.AsType[*rest.Error](err)
	if !ok || e.Provider != c.provider || e.Operation != c.operationName() || e.Method == "" || e.Path == "" {
		got.Outcome = fmt.Sprintf("an error that does not say what failed: %v", err)
		return
	}
	got.Status, got.Attempts, got.Executed = e.StatusCode, fmt.Sprint(e.Attempts), e.Executed.String()
	if e.StatusCode/100 == 2 {
		got.Status = 200
	}
	if !c.upserting() {
		got.Problem = "" // of a result that is not there
		if c.place.class == read {
			got.Executed = ""
		}
	}
	got.Matches = matched(err)
}

// matched names the documented errors that err matches.
func matched(err error) []string {
	var names []string
	for _, target := range []error{
		rest.ErrInvalid, rest.ErrUnauthorized, rest.ErrForbidden, rest.ErrNotFound, rest.ErrConflict, rest.ErrRateLimited,
		rest.ErrUnavailable, rest.ErrTooLarge, rest.ErrRedirect, context.DeadlineExceeded, context.Canceled,
	} {
		if errors.Is(err, target) {
			names = append(names, target.Error())
		}
	}
	slices.Sort(names)
	return names
}

// patience is how often a call is sent that is throttled for ever: as often as
// was seen, when that is neither less nor more than the fault allows.
func (c testCase) patience(got seen) (attempts, requests string) {
	least, most := c.fault.attempts[0], c.fault.attempts[1]
	n, err := strconv.Atoi(got.Attempts)
	if err != nil || n < least || n > most {
		return fmt.Sprintf("%d to %d", least, most), got.Requests
	}
	return got.Attempts, strconv.Itoa(c.number - 1 + n)
}
