package main

import (
	"context"
	"fmt"
)

// interruptible returns a context that the first signal ends, for reading users,
// and one that the second ends, for the upserts: the first lets what is in flight
// finish. stop gives the signals back.
func (s streams) interruptible(parent context.Context) (ctx, ending context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	ending, end := context.WithCancel(ctx)
	if s.signals == nil {
		return ctx, ending, func() { end(); cancel() }
	}
	signals, giveBack := s.signals()
	over, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for _, react := range []func(){
			func() {
				fmt.Fprintln(s.err, "usersync: interrupted: users that were begun are finished, as the quota allows; a second interrupt stops at once")
				end()
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
	return ctx, ending, func() {
		close(over)
		<-watched
		giveBack()
		end()
		cancel()
	}
}
