// Command usersync upserts the users of a file into the providers:
//
//	usersync upsert --provider partoo users.csv
//
// "usersync upsert --help" documents flags, file format, journal and environment.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// A reader of the results may close the pipe: the write then fails, and the run ends
	// in order.
	signal.Ignore(syscall.SIGPIPE)
	s := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, signals: notify}
	os.Exit(run(context.Background(), os.Args[1:], s, os.Getenv))
}

// notify delivers the signals that end a run until stop is called. Afterwards they end
// the process.
func notify() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 2)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(c, syscall.SIGHUP)
	}
	return c, func() { signal.Stop(c) }
}
