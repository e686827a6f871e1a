package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// conclude tells how to go on where something is left to do, and returns the exit
// status.
func (run *upsertRun) conclude(args []string, w io.Writer) int {
	left, failed, recorded := 0, 0, false
	for _, t := range run.targets {
		left += t.tally.unsent()
		failed += t.tally.failed + t.tally.earlier.Failed
		recorded = recorded || t.journal != nil
	}
	switch {
	case left == 0 && failed == 0:
		if err := run.dropJournals(); err != nil {
			fmt.Fprintf(w, "usersync: removing the journal of a finished run: %v\n", err)
		}
		return exitOK
	case !recorded:
	case left > 0:
		fmt.Fprintf(w, "usersync: to go on with this run: %s\n", again(args, "-resume"))
	default:
		fmt.Fprintf(w, "usersync: to upsert the failed users again: %s\n", again(args, "-retry-failed"))
	}
	return exitFailed
}

// again is the command line of a run that goes on with this one.
func again(args []string, flag string) string {
	words := []string{"usersync", "upsert", flag}
	for _, arg := range args {
		if name := strings.TrimLeft(arg, "-"); !strings.HasPrefix(arg, "-") || name != "resume" && name != "retry-failed" {
			words = append(words, quoted(arg))
		}
	}
	return strings.Join(words, " ")
}

// quoted is an argument as a shell reads it.
func quoted(arg string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || slices.Contains([]rune("-_./=,:@%+"), r)
	}
	if arg != "" && !strings.ContainsFunc(arg, func(r rune) bool { return !safe(r) }) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
