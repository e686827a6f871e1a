package upsert_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/upsert"
)

// failure is an error with a class, as *rest.Error is.
type failure struct {
	class     string
	suspected bool
	wait      time.Duration
}

func (f failure) Error() string                { return "failed: " + f.class }
func (f failure) FailureClass() (string, bool) { return f.class, f.suspected }
func (f failure) FailureWait() time.Duration   { return f.wait }

var (
	unavailable = failure{class: "service"}
	rejectedKey = failure{class: "configuration"}
	unknownHost = failure{class: "service", suspected: true}
	badCert     = failure{class: "configuration", suspected: true}
	forbidden   = failure{class: "user", suspected: true}
	invalid     = failure{class: "user"}
)

// latency is the duration of an upsert in these tests.
const latency = 100 * time.Millisecond

// service is a provider in virtual time. fail returns the error for a user at a time
// since the start, or nil.
type service struct {
	fail  func(n int, at time.Duration) error
	began time.Time

	mu    sync.Mutex
	tries []try
	done  map[int]int
}

// try is one upsert.
type try struct {
	n  int
	at time.Duration
}

func newService(fail func(n int, at time.Duration) error) *service {
	return &service{fail: fail, began: time.Now(), done: map[int]int{}}
}

func (s *service) upsert(ctx context.Context, n int) (result, error) {
	at := time.Since(s.began)
	s.mu.Lock()
	s.tries = append(s.tries, try{n, at})
	s.mu.Unlock()
	if err := wait(ctx, latency); err != nil {
		return result{}, err
	}
	if err := s.fail(n, at); err != nil {
		return result{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[n]++
	return result{ID: int64(n), Outcome: upsert.Created}, nil
}

func (s *service) took() time.Duration { return time.Since(s.began) }

// outcome is what a run yielded.
type outcome struct {
	done, failed, cancelled int
	incomplete              *upsert.IncompleteError
}

func (s *service) run(t *testing.T, n int, opts ...upsert.Option) outcome {
	return s.runCtx(t, t.Context(), n, opts...)
}

func (s *service) runCtx(t *testing.T, ctx context.Context, n int, opts ...upsert.Option) (o outcome) {
	t.Helper()
	for item := range upsert.All(ctx, count(n), s.upsert, opts...) {
		require.Nil(t, o.incomplete, "only the last item is incomplete")
		switch {
		case errors.Is(item.Err, upsert.ErrIncomplete):
			require.ErrorAs(t, item.Err, &o.incomplete)
			assert.Equal(t, -1, item.Index)
		case errors.Is(item.Err, context.Canceled):
			o.cancelled++
		case item.Err != nil:
			o.failed++
		default:
			o.done++
		}
	}
	return o
}

// between returns err from a time to another.
func between(from, to time.Duration, err error) func(int, time.Duration) error {
	return func(_ int, at time.Duration) error {
		if at >= from && at < to {
			return err
		}
		return nil
	}
}

func TestAllWaitsForTheEndOfAnOutage(t *testing.T) {
	const users = 1000 // take 12.5 s
	for _, outage := range []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, 59 * time.Minute} {
		for _, workers := range []int{1, 8, 64} {
			t.Run(fmt.Sprint(outage, workers), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Second
					s := newService(between(start, start+outage, unavailable))
					assert.Equal(t, outcome{done: users}, s.run(t, users, upsert.WithWorkers(workers)))
					assert.Len(t, s.done, users)
					best := users * latency / time.Duration(workers)
					assert.LessOrEqual(t, s.took(), outage+best+32*time.Second)

					tried := map[int]int{}
					failed := slices.DeleteFunc(s.tries, func(a try) bool { return s.fail(a.n, a.at) == nil })
					for i, a := range failed {
						tried[a.n]++
						assert.LessOrEqual(t, tried[a.n], 1, "a different user each time")
						if i > workers {
							assert.GreaterOrEqual(t, a.at-failed[i-1].at, time.Second)
						}
					}
					assert.LessOrEqual(t, len(failed), workers+6+int(outage/(24*time.Second)))
				})
			})
		}
	}
}

// One user that always fails must neither stop the run nor delay it. If no other user is
// left that could show that the service works, the run waits for the end of an outage.
func TestAllFailsAUserThatAlwaysFails(t *testing.T) {
	const users = 1000
	for _, workers := range []int{1, 2, 8} {
		for _, bad := range []int{0, 500, 990, 991, 997, 998, 999} {
			longer := 4 * time.Second
			if bad >= users-workers {
				longer = 16 * time.Minute
			}
			t.Run(fmt.Sprint(workers, bad), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newService(func(n int, _ time.Duration) error {
						if n == bad {
							return unavailable
						}
						return nil
					})
					assert.Equal(t, outcome{done: users - 1, failed: 1}, s.run(t, users, upsert.WithWorkers(workers)))
					assert.LessOrEqual(t, s.took(), users*latency/time.Duration(workers)+longer)
				})
			})
		}
	}
}

func TestAllFailsEachUserThatAlwaysFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(func(n int, _ time.Duration) error {
			if n%20 == 3 || n%20 == 4 {
				return unavailable
			}
			return nil
		})
		assert.Equal(t, outcome{done: 900, failed: 100}, s.run(t, 1000))
	})
}

// Tries every 30 s would always be sent while the service fails.
func TestAllWaitsForAServiceThatWorksForAPartOfTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(func(_ int, at time.Duration) error {
			if at%(30*time.Second) >= 10*time.Second {
				return unavailable
			}
			return nil
		})
		done := 0
		for item := range upsert.All(t.Context(), count(3000), s.upsert) {
			require.NoError(t, item.Err)
			if done++; done == 2500 {
				break
			}
		}
		assert.Equal(t, 2500, done)
	})
}

func TestAllTriesTheLastUserUntilTheOutageEnds(t *testing.T) {
	for _, users := range []int{1, 2, 5} {
		synctest.Test(t, func(t *testing.T) {
			s := newService(func(n int, at time.Duration) error {
				if n > 0 || users == 1 {
					return between(0, 14*time.Minute, unavailable)(n, at)
				}
				return nil
			})
			assert.Equal(t, outcome{done: users}, s.run(t, users, upsert.WithWorkers(1)))
		})
	}
}

// Several users that fail one after the other, without a success, look like an outage,
// and so does a single user if no other has succeeded.
func TestAllDoesNotFailTheLastUsersTogether(t *testing.T) {
	for _, users := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			s := newService(func(n int, _ time.Duration) error {
				if n > 0 || users == 1 {
					return unavailable
				}
				return nil
			})
			o := s.run(t, users)
			assert.Zero(t, o.failed)
			assert.ErrorContains(t, o.incomplete, "service failed for longer than 1h0m0s")
			o = newService(s.fail).run(t, 2, upsert.WithMaxOutage(10*time.Minute))
			assert.Zero(t, o.failed, "the limit comes first")
			assert.ErrorContains(t, o.incomplete, "service failed for longer than 10m0s")
		})
	}
}

// Users that are invalid say nothing about the service: the next one is tried.
func TestAllTriesAnotherUserWhenTheTriedOneIsInvalid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(func(n int, at time.Duration) error {
			if n >= 8 && n < 100 {
				return invalid
			}
			return between(0, 500*time.Millisecond, unavailable)(n, at)
		})
		assert.Equal(t, outcome{done: 28, failed: 92}, s.run(t, 120))
		assert.Less(t, s.took(), 15*time.Second)
	})
}

func TestAllEndsWhenAnOutageExceedsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(between(time.Second, 1000*time.Hour, unavailable))
		o := s.run(t, 1000)
		assert.Equal(t, outcome{done: 80, incomplete: o.incomplete}, o)
		assert.EqualError(t, o.incomplete, "upsert: run incomplete: 920 users not sent: service failed for longer than 1h0m0s: failed: service")
		assert.ErrorIs(t, o.incomplete, upsert.ErrIncomplete)
		assert.ErrorIs(t, o.incomplete, unavailable)
		assert.Equal(t, 920, o.incomplete.NotSent)
		assert.InDelta(t, time.Hour, s.took(), float64(2*time.Second))

		s = newService(between(time.Second, 1000*time.Hour, unavailable))
		o = s.run(t, 1000, upsert.WithMaxOutage(20*time.Second))
		assert.Equal(t, 920, o.incomplete.NotSent)
		assert.InDelta(t, 21*time.Second, s.took(), float64(time.Second), "the last try is at the limit")
	})
}

func TestAllWaitsAsLongAsTheServerRequires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(between(0, 10*time.Minute, failure{class: "service", wait: 10 * time.Minute}))
		assert.Equal(t, outcome{done: 1000}, s.run(t, 1000))
		assert.InDelta(t, 10*time.Minute+1000*latency/8, s.took(), float64(time.Second))
		assert.Len(t, s.tries, 1000+8)
	})
}

func TestAllEndsImmediatelyWhenAWaitExceedsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(between(time.Second, 48*time.Hour, failure{class: "service", wait: 24 * time.Hour}))
		o := s.run(t, 1000)
		assert.Equal(t, 80, o.done)
		assert.EqualError(t, o.incomplete, "upsert: run incomplete: 920 users not sent: required wait of 24h0m0s exceeds the limit of 1h0m0s: failed: service")
		assert.Equal(t, 1100*time.Millisecond, s.took())
	})
}

// The wait that the quota requires exceeds the deadline of the context, which has not
// ended. This used to fail each of the other users.
func TestAllEndsWhenAWaitExceedsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		s := newService(between(time.Second, time.Hour, fmt.Errorf("%w: %w", failure{class: "service", wait: time.Minute}, context.DeadlineExceeded)))
		o := s.runCtx(t, ctx, 1000)
		assert.Equal(t, 80, o.done)
		assert.Zero(t, o.failed)
		assert.NoError(t, ctx.Err())
		assert.ErrorIs(t, o.incomplete, context.DeadlineExceeded)
		assert.Equal(t, 920, o.incomplete.NotSent)
		assert.Equal(t, 1100*time.Millisecond, s.took())
	})
}

func TestAllEndsWhenTheConfigurationIsWrong(t *testing.T) {
	wrapped := fmt.Errorf("one: %w", errors.Join(errors.New("two"), rejectedKey))
	for name, tt := range map[string]struct {
		fail    func(n int, at time.Duration) error
		done    int
		failed  int
		reason  string
		took    time.Duration
		workers int
	}{
		"401":                      {between(0, time.Hour, rejectedKey), 0, 0, "failed: configuration", latency, 8},
		"401 later":                {between(time.Second, time.Hour, rejectedKey), 80, 0, "failed: configuration", time.Second + latency, 8},
		"401 in a wrapped error":   {between(time.Second, time.Hour, wrapped), 80, 0, "one: two\nfailed: configuration", time.Second + latency, 8},
		"bad certificate":          {between(0, time.Hour, badCert), 0, 0, "failed: configuration", latency, 8},
		"unknown host":             {between(0, time.Hour, unknownHost), 0, 0, "failed: service", 61700 * time.Millisecond, 8},
		"403 for every user":       {between(0, time.Hour, forbidden), 0, 20, "20 users in a row failed: failed: user", 20 * latency, 1},
		"403 for every later user": {between(time.Second, time.Hour, forbidden), 10, 20, "20 users in a row failed: failed: user", 30 * latency, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(tt.fail)
				o := s.run(t, 1000, upsert.WithWorkers(tt.workers))
				o.cancelled = 0 // those in flight
				assert.Equal(t, outcome{done: tt.done, failed: tt.failed, incomplete: o.incomplete}, o)
				require.NotNil(t, o.incomplete)
				assert.EqualError(t, o.incomplete.Reason, tt.reason)
				assert.Equal(t, 1000-tt.done-tt.failed, o.incomplete.NotSent)
				assert.Equal(t, tt.took, s.took())
			})
		})
	}
}

// After a success these are outages, and single users may be forbidden.
func TestAllContinuesAfterSuspectedFailures(t *testing.T) {
	for name, err := range map[string]error{"bad certificate": badCert, "unknown host": unknownHost} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(between(time.Second, 10*time.Minute, err))
				assert.Equal(t, outcome{done: 1000}, s.run(t, 1000))
			})
		})
	}
	t.Run("unknown host at first", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newService(between(0, 50*time.Second, unknownHost))
			assert.Equal(t, outcome{done: 1000}, s.run(t, 1000))
		})
	})
	t.Run("403 for 19 of 20 users", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newService(func(n int, _ time.Duration) error {
				if n%20 == 0 {
					return nil
				}
				return forbidden
			})
			assert.Equal(t, outcome{done: 50, failed: 950}, s.run(t, 1000, upsert.WithWorkers(1)))
		})
	})
}

// Upserts in flight are cancelled when the configuration is wrong.
func TestAllCancelsUpsertsWhenTheConfigurationIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var last error
		for item := range upsert.All(t.Context(), count(1000), func(ctx context.Context, n int) (result, error) {
			if n == 5 {
				return result{}, rejectedKey
			}
			return result{}, wait(ctx, time.Hour)
		}) {
			last = item.Err
		}
		assert.EqualError(t, last, "upsert: run incomplete: 1000 users not sent: failed: configuration")
		assert.Zero(t, time.Since(began))
	})
}

func TestAllEndsImmediatelyWhenCancelledDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Second+time.Millisecond, func() { cancel(errors.New("interrupted")) })
		s := newService(between(time.Second, time.Hour, unavailable))
		o := s.runCtx(t, ctx, 1000)
		assert.Equal(t, 80, o.done)
		assert.Zero(t, o.failed+o.cancelled)
		assert.EqualError(t, o.incomplete.Reason, "context canceled: interrupted")
		assert.Equal(t, 920, o.incomplete.NotSent)
		assert.Equal(t, 100*time.Second+time.Millisecond, s.took())
	})
}

func TestAllReturnsWhenTheLoopIsLeftDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(between(0, time.Hour, unavailable))
		for item := range upsert.All(t.Context(), count(1000), func(ctx context.Context, n int) (result, error) {
			if n == 3 {
				return result{}, wait(ctx, 10*time.Second)
			}
			return s.upsert(ctx, n)
		}) {
			assert.Equal(t, 3, item.Index)
			break
		}
		assert.Equal(t, 10*time.Second, s.took())
	})
}

func TestWithStopFinishesUpsertsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second+latency/2, func() { cancel(errors.New("interrupted")) })
		s := newService(between(0, 0, nil))
		o := s.run(t, 1000, upsert.WithStop(stop))
		assert.Equal(t, 88, o.done)
		assert.Zero(t, o.failed+o.cancelled)
		assert.EqualError(t, o.incomplete, "upsert: run incomplete: at least 912 users not sent: context canceled: interrupted")
		assert.Equal(t, time.Second+latency, s.took())

		s = newService(between(0, 0, nil))
		assert.Equal(t, 20, s.run(t, 20, upsert.WithStop(stop)).incomplete.NotSent)
		assert.Empty(t, s.tries)
	})
}

func TestWithStopEndsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop, cancel := context.WithTimeout(t.Context(), 100*time.Second)
		defer cancel()
		s := newService(between(time.Second, time.Hour, unavailable))
		assert.Equal(t, 920, s.run(t, 1000, upsert.WithStop(stop)).incomplete.NotSent)
		assert.Equal(t, 100*time.Second, s.took())
	})
}

func TestAllCountsUsersNotSent(t *testing.T) {
	end := func(context.Context, int) (result, error) { return result{}, rejectedKey }
	var last upsert.Item[int, result]
	for last = range upsert.All(t.Context(), count(1<<40), end) {
	}
	assert.ErrorContains(t, last.Err, "run incomplete: at least ")

	j := open(t, journalPath(t))
	for range upsert.All(t.Context(), count(600), nothing, upsert.WithJournal(j)) {
	}
	for last = range upsert.All(t.Context(), count(1000), end, upsert.WithJournal(j)) {
	}
	assert.ErrorContains(t, last.Err, "run incomplete: 400 users not sent: ", "the others are recorded")
	assert.Equal(t, upsert.JournalCounts{Updated: 600}, j.Counts())
}

// A user that is retried keeps its place before later users with the same key, and
// nothing but final results is recorded.
func TestAllKeepsTheOrderOfAKeyWhenUsersAreRetried(t *testing.T) {
	for seed := range 20 {
		synctest.Test(t, func(t *testing.T) {
			const keys = 7
			key := upsert.WithKey(func(n int) string { return fmt.Sprint(n % keys) })
			s := newService(func(n int, at time.Duration) error {
				if int(at/time.Second)%3 == seed%3 && (n+seed)%4 == 0 {
					return unavailable
				}
				return nil
			})
			j := open(t, journalPath(t))
			var mu sync.Mutex
			order := map[int][]int{}
			failed := 0
			for item := range upsert.All(t.Context(), count(300), func(ctx context.Context, n int) (result, error) {
				res, err := s.upsert(ctx, n)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					order[n%keys] = append(order[n%keys], n)
				}
				return res, err
			}, key, upsert.WithJournal(j)) {
				if item.Err != nil {
					failed++
				}
			}
			for _, users := range order {
				assert.IsIncreasing(t, users)
			}
			assert.Equal(t, upsert.JournalCounts{Created: 300 - failed, Failed: failed}, j.Counts())
			assert.Greater(t, len(s.tries), 300, "users were retried")
			require.NoError(t, j.Close())
		})
	}
}

func TestWithLoggerLogsPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		handler := slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})
		s := newService(between(0, 5*time.Second, unavailable))
		s.run(t, 100, upsert.WithLogger(slog.New(handler)))
		assert.Equal(t, strings.Join([]string{
			`level=WARN msg="run paused: service failed" next_try_in=1s paused_for=100ms error="failed: service"`,
			`level=WARN msg="run paused: service failed" next_try_in=2s paused_for=1.2s error="failed: service"`,
			`level=WARN msg="run paused: service failed" next_try_in=4s paused_for=3.3s error="failed: service"`,
			`level=INFO msg="run resumed" paused_for=7.4s`, ""}, "\n"), log.String())
	})
}
