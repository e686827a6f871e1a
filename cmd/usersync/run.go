package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/usersync/usersync/rest"
)

// The exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // some users failed or were not sent
	exitUsage  = 2 // bad usage or input; nothing was sent
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
	// signals takes over the signals that end a run.
	signals func() (signals <-chan os.Signal, stop func())
}

// run is the command without its process.
func run(ctx context.Context, args []string, s streams, getenv func(string) string) int {
	if len(args) == 0 {
		return s.usageError("want a command: upsert, help or version")
	}
	switch command, args := args[0], args[1:]; command {
	case "upsert":
		return runUpsert(ctx, args, s, getenv)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(s.out, helpText())
	case "version", "-version", "--version":
		fmt.Fprintln(s.out, "usersync", rest.Version)
	default:
		return s.usageError(fmt.Sprintf("unknown command %s: want upsert, help or version", printable(command)))
	}
	return exitOK
}

// usageError says what is wrong with the usage.
func (s streams) usageError(text string) int {
	fmt.Fprintf(s.err, "usersync: %s\nSee: usersync help\n", text)
	return exitUsage
}

// printError says what kept a run from starting, or from ending well.
func (s streams) printError(status int, err error) int {
	fmt.Fprintf(s.err, "usersync: %v\n", err)
	return status
}
