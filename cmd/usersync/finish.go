package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// finish prints the summary, closes the journals, prints the command that continues the
// run, and returns the exit status.
func (run *upsertRun) finish(args []string, in input) int {
	unsent, failed, recorded, hasJournal := 0, 0, 0, false
	for _, t := range run.targets {
		unsent += t.tally.unsent()
		failed += len(t.tally.failures)
		if t.journal != nil {
			recorded += t.recordedUsers()
			hasJournal = true
		}
	}
	run.report.printSummary(run.targets)
	err := run.report.err
	done := unsent == 0 && failed == 0
	err = errors.Join(err, run.closeJournals((!done || err != nil) && recorded > 0), run.writeFailedFiles(in))
	if run.fakes != nil {
		if failure := run.fakes.write(); failure != nil {
			err = errors.Join(err, fmt.Errorf("--fake-state: %w", failure))
		}
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
		if name, _, _ := strings.Cut(arg, "="); name != "--resume" && name != "--retry-failed" {
			words = append(words, shellQuote(arg))
		}
	}
	return strings.Join(words, " ")
}

// shellQuote quotes an argument for a shell, if necessary.
func shellQuote(arg string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || slices.Contains([]rune("-_./=,:@%+"), r)
	}
	if arg != "" && !strings.ContainsFunc(arg, func(r rune) bool { return !safe(r) }) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
