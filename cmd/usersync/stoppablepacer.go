package main

import (
	"context"
	"time"

	"github.com/usersync/usersync/backoff"
)

// stoppablePacer is a pacer in which a user that nothing has been sent of yet waits no longer
// than until ending: what was begun is finished, and nothing more is begun.
type stoppablePacer struct {
	*backoff.QuotaPacer
	acceptCtx context.Context
}

func (q *stoppablePacer) Ticket(method string) backoff.Ticket {
	return stoppableTicket{q.QuotaPacer.Ticket(method), q}
}

type stoppableTicket struct {
	backoff.Ticket
	queue *stoppablePacer
}

func (p stoppableTicket) Wait(ctx context.Context, atMost time.Duration) error {
	begun, ok := ctx.Value(startedKey{}).(*bool)
	if !ok || *begun {
		return p.Ticket.Wait(ctx, atMost)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.queue.acceptCtx, cancel)()
	err := p.Ticket.Wait(ctx, atMost)
	*begun = err == nil
	return err
}

type startedKey struct{}

// withStarted is the context of one user's upsert.
func withStarted(ctx context.Context) context.Context {
	return context.WithValue(ctx, startedKey{}, new(bool))
}
