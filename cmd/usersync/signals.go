package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"time"
)

var errInterrupted = errors.New("interrupted")

// idleLimit is how long a run that accepts no more users waits while no request is in
// flight, for example for a quota or because of a Retry-After, before it aborts.
const idleLimit = 6 * time.Second

// handleSignals returns two contexts: ctx, which ends the upserts in progress, and
// acceptCtx, which ends the acceptance of users. The first signal ends acceptCtx, as
// stopAccepting does with another cause. The second signal ends ctx, and so does
// idleLimit after the first. stop releases the signals.
func (s streams) handleSignals(parent context.Context, inFlight func() bool) (ctx, acceptCtx context.Context, stopAccepting context.CancelCauseFunc, stop func()) {
	ctx, abort := context.WithCancelCause(parent)
	acceptCtx, stopAccepting = context.WithCancelCause(ctx)
	signals, stopSignals := s.signals()
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-signals:
			fmt.Fprintln(s.err, "usersync: interrupted: finishing users in progress; interrupt again to abort")
			stopAccepting(errInterrupted)
		case <-acceptCtx.Done():
		case <-done:
			return
		}
		ticker := time.NewTicker(idleLimit / 20)
		defer ticker.Stop()
		for busy := time.Now(); time.Since(busy) < idleLimit; {
			select {
			case <-signals:
				busy = time.Time{}
			case <-ticker.C:
				if inFlight() {
					busy = time.Now()
				}
			case <-done:
				return
			}
		}
		stopSignals() // the next signal ends the process
		abort(errInterrupted)
	}()
	return ctx, acceptCtx, stopAccepting, func() {
		close(done)
		<-watched
		stopSignals()
		stopAccepting(nil)
		abort(nil)
	}
}

// untilSent returns a context for the upsert of one user. It ends with acceptCtx as long
// as no request has been sent for the user.
func untilSent(ctx, acceptCtx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	keep := context.AfterFunc(acceptCtx, cancel)
	trace := &httptrace.ClientTrace{GetConn: func(string) { keep() }}
	return httptrace.WithClientTrace(ctx, trace), func() { keep(); cancel() }
}
