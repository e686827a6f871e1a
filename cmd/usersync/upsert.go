package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/rest"
)

// runUpsert reads all of the input before it sends any of it.
func runUpsert(ctx context.Context, args []string, s streams, getenv func(string) string) int {
	o, err := parseFlags(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(s.out, helpText())
		return exitOK
	case err != nil:
		return s.refuse(err.Error())
	}
	run, err := open(o, s, getenv)
	if err != nil {
		return s.refuse(err.Error())
	}
	rows, found, err := readInput(o, s.in)
	switch {
	case err != nil:
		return s.refuse(err.Error())
	case found.total > 0:
		found.print(s.err, o.file)
		return exitUsage
	}
	return run.upsert(ctx, rows, s, o.fake429)
}

// upsertRun is a run over the providers, each with its connection.
type upsertRun struct {
	targets []target
	fakes   *fakes // nil with -fake off
}

type target struct {
	name  string
	send  send
	waits waitLog
}

// open makes ready to send. It sends nothing.
func open(o options, s streams, getenv func(string) string) (upsertRun, error) {
	var run upsertRun
	var doors []access
	var err error
	if o.fake {
		if run.fakes, err = startFakes(o); err == nil {
			doors = run.fakes.access()
		}
	} else {
		doors, err = fromEnvironment(o.providers, getenv)
	}
	if err != nil {
		return run, err
	}
	var failures []error
	for i, p := range o.providers {
		t, err := connect(p, doors[i], s.err)
		run.targets = append(run.targets, t)
		failures = append(failures, err)
	}
	return run, errors.Join(failures...)
}

// connect has no limit on the waits of a call: a long run does not give users up
// for a quota that is used up for a while.
func connect(p provider, door access, log io.Writer) (target, error) {
	waits := newWaitLog(log)
	door.options = append(slices.Clone(door.options),
		rest.WithLogger(slog.New(waits)), rest.WithRetry(backoff.Policy{MaxWait: -1}))
	send, err := p.connect(door)
	return target{p.title(), send, waits}, err
}

// upsert sends the users to one provider after the other.
func (run upsertRun) upsert(ctx context.Context, rows []row, s streams, refuseOne bool) int {
	if refuseOne {
		run.fakes.refuseOne(len(rows))
	}
	r := newReport(s.out, rows)
	for _, t := range run.targets {
		t.upsert(ctx, rows, r)
	}
	status := exitOK
	if !r.finish() {
		status = exitFailed
	}
	if r.err != nil {
		fmt.Fprintf(s.err, "usersync: writing the results: %v\n", r.err)
		status = exitFailed
	}
	if err := run.keepFakes(); err != nil {
		fmt.Fprintf(s.err, "usersync: -fake-state: %v\n", err)
		status = exitFailed
	}
	return status
}

func (run upsertRun) keepFakes() error {
	if run.fakes == nil {
		return nil
	}
	return run.fakes.write()
}

// upsert sends the users one by one, until the context ends or the key turns out
// to be none.
func (t target) upsert(ctx context.Context, rows []row, r *report) {
	tally := r.provider(t.name, t.waits)
	for i, row := range rows {
		if ctx.Err() != nil {
			r.notSent(tally, rows[i:], "interrupted")
			return
		}
		is := t.send(ctx, row)
		if ctx.Err() != nil && untouched(is) {
			r.notSent(tally, rows[i:], "interrupted")
			return
		}
		r.user(tally, row.line, is)
		if errors.Is(is.err, rest.ErrUnauthorized) {
			r.notSent(tally, rows[i+1:], "the key was refused")
			return
		}
	}
}

// untouched reports whether the context ended while the user waited for its turn,
// before anything was written.
func untouched(is result) bool {
	e, ok := errors.AsType[*rest.Error](is.err)
	return ok && is.outcome == 0 && e.Attempts == 0 && e.Executed == rest.ExecutedNo
}
