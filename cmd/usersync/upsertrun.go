package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
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
func (run *upsertRun) connect(getenv func(string) string) (err error) {
	o := run.options
	if o.fake {
		if run.fakes, err = startFakes(o); err != nil {
			return err
		}
	}
	configs, err := configsFromEnv(o.providers, run.fakes, getenv)
	if err != nil {
		return err
	}
	var failures []error
	for i, p := range o.providers {
		failures = append(failures, run.add(p, configs[i]))
	}
	return errors.Join(failures...)
}

func (run *upsertRun) add(p *provider, config clientConfig) error {
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
		t.tally.total = len(in.Rows)
		if err := run.options.checkFailedFile(t.name); err != nil {
			return err
		}
	}
	if err := run.openJournals(in); err != nil {
		return errors.Join(err, run.closeJournals(func(t *target) bool { return !t.createdJournal }))
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
	ctx, acceptCtx, stopAccepting, stopSignals := run.streams.handleSignals(ctx, func() bool {
		return slices.ContainsFunc(run.targets, (*target).isInFlight)
	})
	stopProgress := func() {}
	if !run.options.quiet {
		stopProgress = run.showProgress(acceptCtx)
	}
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
	var sources []progress.Source
	for _, t := range run.targets {
		sources = append(sources, progress.Source{Name: t.name, Total: t.tally.total, Counts: t.tally.counts, Stats: t.pacer.Stats, Accept: acceptCtx})
	}
	return progress.Start(sources, run.log)
}

// finish prints the summary, closes the journals, prints the command that continues the
// run, and returns the exit status.
func (run *upsertRun) finish(args []string, in input) int {
	unsent, failed, recorded, hasJournal := 0, 0, 0, false
	for _, t := range run.targets {
		unsent += t.tally.unsent()
		failed += len(t.tally.failures)
		recorded += t.recordedUsers()
		hasJournal = hasJournal || t.journal != nil
	}
	run.report.printSummary(run.targets)
	err := run.report.err
	done := unsent == 0 && failed == 0
	keepJournals := run.options.journal != "" || (!done || err != nil) && recorded > 0
	err = errors.Join(err, run.closeJournals(func(*target) bool { return keepJournals }), run.writeFailedFiles(in))
	if failure := run.fakes.write(); failure != nil {
		err = errors.Join(err, fmt.Errorf("--fake-state: %w", failure))
	}
	if err != nil {
		run.streams.printError(err)
	}
	switch {
	case done && err == nil:
		return exitOK
	case done, !hasJournal:
	case recorded == 0 && run.options.journal == "": // the journal was deleted
		fmt.Fprintf(run.log, "usersync: to start over: %s\n", resumeCommand(args, ""))
	case unsent > 0:
		fmt.Fprintf(run.log, "usersync: to resume: %s\n", resumeCommand(args, "--resume"))
	default:
		fmt.Fprintf(run.log, "usersync: to retry failed users: %s\n", resumeCommand(args, "--retry-failed"))
	}
	return exitFailed
}

// resumeCommand is the command line args with another flag for resuming, or none.
func resumeCommand(args []string, flag string) string {
	words := []string{"usersync", "upsert"}
	if flag != "" {
		words = append(words, flag)
	}
	for _, arg := range args {
		if name, _, _ := strings.Cut(arg, "="); name == "--resume" || name == "--retry-failed" {
			continue
		}
		if !shellSafe.MatchString(arg) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// shellSafe matches arguments that a shell does not change.
var shellSafe = regexp.MustCompile(`^[-\w./=,:@%+]+$`)
