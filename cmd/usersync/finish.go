package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// finish writes the end of the report and what outlives the run, tells how to go on
// where something is left to do, and returns the exit status.
func (run *upsertRun) finish(args []string, in *input) int {
	left, failed, recorded, kept := 0, 0, 0, false
	for _, t := range run.targets {
		left += t.tally.unsent()
		failed += t.tally.failed + t.tally.earlier.Failed
		if t.journal != nil {
			recorded += t.recordedUsers()
			kept = true
		}
	}
	run.report.printSummary(run.targets)
	err := run.report.err
	done := left == 0 && failed == 0
	err = errors.Join(err, run.closeJournals((!done || err != nil) && recorded > 0))
	if run.fakes != nil {
		if wrong := run.fakes.write(); wrong != nil {
			err = errors.Join(err, fmt.Errorf("--fake-state: %w", wrong))
		}
	}
	if err != nil {
		run.streams.printError(err)
	}
	switch {
	case done && err == nil:
		return exitOK
	case done, !kept, in.checkUnchanged() != nil: // the journal is not of what the file is now
	case recorded == 0 && run.options.journal == "": // it is gone
		fmt.Fprintf(run.log, "usersync: to begin again: %s\n", resumeCommand(args, ""))
	case left > 0:
		fmt.Fprintf(run.log, "usersync: to go on with this run: %s\n", resumeCommand(args, "--resume"))
	default:
		fmt.Fprintf(run.log, "usersync: to upsert the failed users again: %s\n", resumeCommand(args, "--retry-failed"))
	}
	return exitFailed
}

// resumeCommand is the command line of a run that goes on with this one, or without a flag
// begins anew.
func resumeCommand(args []string, flag string) string {
	words := []string{"usersync", "upsert"}
	if flag != "" {
		words = append(words, flag)
	}
	for _, arg := range args {
		if name := strings.TrimLeft(arg, "-"); !strings.HasPrefix(arg, "-") || name != "resume" && name != "retry-failed" {
			words = append(words, shellQuote(arg))
		}
	}
	return strings.Join(words, " ")
}

// shellQuote is an argument as a shell reads it.
func shellQuote(arg string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || slices.Contains([]rune("-_./=,:@%+"), r)
	}
	if arg != "" && !strings.ContainsFunc(arg, func(r rune) bool { return !safe(r) }) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
