package main

import (
	"context"
	"errors"
	"fmt"
)

var errInterrupted = errors.New("interrupted")

// handleSignals returns a context that the second signal ends, for the upserts, and
// ending, which the first one ends, or end with another cause, for what is yet to
// begin: what has begun is finished. stop gives the signals back.
func (s streams) handleSignals(parent context.Context) (ctx, ending context.Context, end context.CancelCauseFunc, stop func()) {
	ctx, cancelCause := context.WithCancelCause(parent)
	cancel := func() { cancelCause(errInterrupted) }
	ending, end = context.WithCancelCause(ctx)
	if s.signals == nil {
		return ctx, ending, end, func() { end(nil); cancel() }
	}
	signals, giveBack := s.signals()
	over, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for _, react := range []func(){
			func() {
				fmt.Fprintln(s.err, "usersync: interrupted: users that were begun are finished, as the quota allows; a second interrupt stops at once")
				end(errInterrupted)
			},
			func() {
				giveBack() // a third one ends the process
				cancel()
			},
		} {
			select {
			case <-signals:
				react()
			case <-over:
				return
			}
		}
	}()
	return ctx, ending, end, func() {
		close(over)
		<-watched
		giveBack()
		end(nil)
		cancel()
	}
}
