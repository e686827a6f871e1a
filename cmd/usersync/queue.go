package main

import (
	"context"
	"time"

	"github.com/usersync/usersync/backoff"
)

// queue is a pacer in which a user that nothing has been sent of yet waits no longer
// than until ending: what was begun is finished, and nothing more is begun.
type queue struct {
	*backoff.QuotaPacer
	ending context.Context
}

func (q *queue) Turn(method string) backoff.Turn { return turn{q.QuotaPacer.Turn(method), q} }

type turn struct {
	backoff.Turn
	queue *queue
}

func (p turn) Wait(ctx context.Context, atMost time.Duration) error {
	begun, ok := ctx.Value(begunKey{}).(*bool)
	if !ok || *begun {
		return p.Turn.Wait(ctx, atMost)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.queue.ending, cancel)()
	err := p.Turn.Wait(ctx, atMost)
	*begun = err == nil
	return err
}

type begunKey struct{}

// beginning is the context of one user's upsert.
func beginning(ctx context.Context) context.Context {
	return context.WithValue(ctx, begunKey{}, new(bool))
}
