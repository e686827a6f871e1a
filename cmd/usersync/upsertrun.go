package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// upsertRun is a run over the providers, each with its connection.
type upsertRun struct {
	options options
	streams streams
	log     *barScreen // standard error
	report  *report
	targets []*target
	fakes   *fakes // nil with --fake off
}

func newUpsertRun(o options, s streams) *upsertRun {
	out, log := s.screens()
	s.err = log
	r := &report{options: o, out: out, summaryOut: out}
	if o.json {
		r.summaryOut = log
	}
	return &upsertRun{options: o, streams: s, log: log, report: r}
}

// connect makes ready to send. It sends nothing.
func (run *upsertRun) connect(getenv func(string) string) error {
	var configs []clientConfig
	var err error
	if run.options.fake {
		if run.fakes, err = startFakes(run.options); err == nil {
			configs = run.fakes.access()
		}
	} else {
		configs, err = configsFromEnv(run.options.providers, getenv)
	}
	if err != nil {
		return err
	}
	var failures []error
	for i, p := range run.options.providers {
		failures = append(failures, run.add(p, configs[i]))
	}
	return errors.Join(failures...)
}

func (run *upsertRun) add(p provider, config clientConfig) error {
	t, err := newTarget(p, config, run.options, run.log)
	run.targets = append(run.targets, t)
	return err
}

// run reads all of the input before it sends any of it.
func (run *upsertRun) run(ctx context.Context, args []string) int {
	in, err := openInput(run.options, run.streams.in)
	if err != nil {
		run.streams.printError(err)
		return exitUsage
	}
	defer in.Close()
	checked, found, err := in.check(run.options.providers)
	switch {
	case err != nil:
		run.streams.printError(err)
		return exitUsage
	case found.total > 0:
		found.print(run.log, run.options.file)
		return exitUsage
	}
	if err := run.begin(checked, in); err != nil {
		run.streams.printError(err)
		return exitUsage
	}
	run.upsert(ctx, in)
	return run.finish(args, in)
}

// begin opens the journals, all or none.
func (run *upsertRun) begin(input inputSummary, in *input) error {
	run.report.digits = len(fmt.Sprint(input.lastLine))
	for _, t := range run.targets {
		t.tally.total, t.ids = input.rows, input.ids[t.name]
	}
	if err := run.openJournals(input, in); err != nil {
		return errors.Join(err, run.discardNewJournals())
	}
	if run.options.fake429 {
		run.fakes.inject429()
	}
	return nil
}

// upsert sends the users to all providers side by side.
func (run *upsertRun) upsert(ctx context.Context, in *input) {
	run.printNotes()
	ctx, ending, end, giveBack := run.streams.handleSignals(ctx, run.isInFlight)
	stop := showProgress(run.targets, ending, run.log, run.options)
	run.report.onWriteError = end
	var working sync.WaitGroup
	for _, t := range run.targets {
		working.Go(func() { t.upsert(ctx, ending, in, run.report) })
	}
	working.Wait()
	giveBack()
	stop()
}

// printNotes says where the journals are, and what became of earlier ones.
func (run *upsertRun) printNotes() {
	for _, t := range run.targets {
		for _, note := range t.notes {
			fmt.Fprintf(run.log, "usersync: %s\n", note)
		}
	}
}

// isInFlight reports whether a request to any provider is on its way.
func (run *upsertRun) isInFlight() bool {
	return slices.ContainsFunc(run.targets, (*target).isInFlight)
}
