package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/usersync/usersync/internal/progress"
	"github.com/usersync/usersync/internal/userfile"
)

// upsertRun is a run at one or more providers.
type upsertRun struct {
	options options
	streams streams
	log     *progress.Screen // standard error
	report  *report
	targets []*target
	fakes   *fakes // nil without --fake
}

func newUpsertRun(o options, s streams) *upsertRun {
	out, log := progress.Screens(s.out, s.err)
	s.err = log
	r := &report{options: o, out: out, summaryOut: out}
	if o.json {
		r.summaryOut = log
	}
	return &upsertRun{options: o, streams: s, log: log, report: r}
}

// connect creates the clients. It sends nothing.
func (run *upsertRun) connect(getenv func(string) string) error {
	var configs []clientConfig
	var err error
	if run.options.fake {
		if run.fakes, err = startFakes(run.options); err == nil {
			configs = run.fakes.configs()
			setForFakes(run.options.providers, configs, getenv)
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

// run validates the whole file before it sends anything.
func (run *upsertRun) run(ctx context.Context, args []string) int {
	in, err := readInput(run.options, run.streams.in)
	switch {
	case err != nil:
		run.streams.printError(err)
		return exitUsage
	case in.Problems.Total > 0:
		run.printProblems(&in.Problems, "problem", ", nothing was sent")
		return exitUsage
	}
	if !run.options.quiet {
		fmt.Fprintf(run.log, "usersync: %s: %s\n", run.options.inputName(), in)
	}
	if in.warnings.Total > 0 {
		run.printProblems(&in.warnings, "warning", "")
	}
	if err := run.begin(in); err != nil {
		run.streams.printError(err)
		return exitUsage
	}
	run.upsert(ctx, in)
	return run.finish(args, in)
}

// printProblems lists problems of the file, or warnings.
func (run *upsertRun) printProblems(p *userfile.Problems, noun, consequence string) {
	fmt.Fprintf(run.log, "usersync: %s: %s%s:\n", run.options.inputName(), userfile.Plural(p.Total, noun), consequence)
	p.Print(run.log, groups())
}

// inputName is what the input is called in messages.
func (o options) inputName() string {
	if o.file == "-" {
		return "standard input"
	}
	return userfile.Printable(o.file)
}

// begin opens the journals, all or none.
func (run *upsertRun) begin(in input) error {
	run.report.rows = in.Rows
	for _, t := range run.targets {
		t.tally.total, t.ids = len(in.Rows), in.ids[t.name]
	}
	if err := run.checkFailedFiles(); err != nil {
		return err
	}
	if err := run.openJournals(in); err != nil {
		return errors.Join(err, run.discardNewJournals())
	}
	if run.options.fake429 {
		run.fakes.inject429()
	}
	return nil
}

// upsert sends the users to all providers in parallel.
func (run *upsertRun) upsert(ctx context.Context, in input) {
	for _, t := range run.targets {
		for _, note := range t.notes {
			fmt.Fprintf(run.log, "usersync: %s\n", note)
		}
	}
	ctx, acceptCtx, stopAccepting, stopSignals := run.streams.handleSignals(ctx, run.isInFlight)
	stopProgress := run.showProgress(acceptCtx)
	run.report.onWriteError = stopAccepting
	var wg sync.WaitGroup
	for _, t := range run.targets {
		wg.Go(func() { t.upsert(ctx, acceptCtx, in, run.report) })
	}
	wg.Wait()
	stopSignals()
	stopProgress()
}

func (run *upsertRun) showProgress(acceptCtx context.Context) (stop func()) {
	if run.options.quiet {
		return func() {}
	}
	var sources []progress.Source
	for _, t := range run.targets {
		sources = append(sources, progress.Source{
			Name: t.name, Total: t.tally.total, Done: t.tally.done, Counts: t.tally.counts,
			Finished: t.tally.isFinished, Stats: t.pacer.Stats, Accept: acceptCtx,
		})
	}
	return progress.Start(sources, run.log)
}

// isInFlight reports whether a request to any provider is on its way.
func (run *upsertRun) isInFlight() bool {
	return slices.ContainsFunc(run.targets, (*target).isInFlight)
}
