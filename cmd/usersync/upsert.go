package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
)

// runUpsert is the command upsert.
func runUpsert(ctx context.Context, args []string, s streams, getenv func(string) string) int {
	o, err := parseFlags(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(s.out, helpText())
		return exitOK
	case err != nil:
		return s.refuse(err.Error())
	}
	run := newUpsertRun(o, s)
	if err := run.connect(getenv); err != nil {
		return s.refuse(err.Error())
	}
	return run.run(ctx, args)
}

// upsertRun is a run over the providers, each with its connection.
type upsertRun struct {
	options options
	streams streams
	log     *screen // standard error
	report  *report
	targets []*target
	fakes   *fakes // nil with -fake off
}

func newUpsertRun(o options, s streams) *upsertRun {
	out, log := s.screens()
	s.err = log
	r := &report{options: o, out: out, end: out}
	if o.json {
		r.end = log
	}
	return &upsertRun{options: o, streams: s, log: log, report: r}
}

// connect makes ready to send. It sends nothing.
func (run *upsertRun) connect(getenv func(string) string) error {
	var doors []access
	var err error
	if run.options.fake {
		if run.fakes, err = startFakes(run.options); err == nil {
			doors = run.fakes.access()
		}
	} else {
		doors, err = fromEnvironment(run.options.providers, getenv)
	}
	if err != nil {
		return err
	}
	var failures []error
	for i, p := range run.options.providers {
		failures = append(failures, run.add(p, doors[i]))
	}
	return errors.Join(failures...)
}

func (run *upsertRun) add(p provider, door access) error {
	t, err := connect(p, door, run.options, run.log)
	run.targets = append(run.targets, t)
	return err
}

// run reads all of the input before it sends any of it.
func (run *upsertRun) run(ctx context.Context, args []string) int {
	in, err := openInput(run.options, run.streams.in)
	if err != nil {
		return run.streams.fail(exitUsage, err)
	}
	defer in.Close()
	checked, found, err := in.check(run.options.providers)
	switch {
	case err != nil:
		return run.streams.fail(exitUsage, err)
	case found.total > 0:
		found.print(run.log, run.options.file)
		return exitUsage
	}
	if err := run.begin(checked, in); err != nil {
		return run.streams.fail(exitUsage, err)
	}
	run.upsert(ctx, in)
	return run.conclude(args, in)
}

// begin opens the journals, all or none.
func (run *upsertRun) begin(input checked, in *input) error {
	run.report.digits = len(fmt.Sprint(input.lastLine))
	for _, t := range run.targets {
		t.tally.total, t.ids = input.rows, input.ids[t.name]
	}
	if err := run.openJournals(input, in); err != nil {
		return errors.Join(err, run.forgetJournals())
	}
	if run.options.fake429 {
		run.fakes.refuseOne()
	}
	return nil
}

// upsert sends the users to all providers side by side.
func (run *upsertRun) upsert(ctx context.Context, in *input) {
	run.announce()
	ctx, ending, end, giveBack := run.streams.interruptible(ctx)
	stop := watch(run.targets, ending, run.log, run.options)
	run.report.broken = end
	var working sync.WaitGroup
	for _, t := range run.targets {
		working.Go(func() { t.upsert(ctx, ending, in, run.report) })
	}
	working.Wait()
	giveBack()
	stop()
}

// announce says where the journals are, and what became of earlier ones.
func (run *upsertRun) announce() {
	for _, t := range run.targets {
		for _, note := range t.notes {
			fmt.Fprintf(run.log, "usersync: %s\n", note)
		}
	}
}
