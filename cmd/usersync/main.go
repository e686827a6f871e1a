// Command usersync upserts the users of a file into identifAI, Partoo and
// user.com:
//
//	usersync upsert -provider partoo users.csv
//
// "usersync help" documents the flags, the file, the journal and the environment.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// Whoever reads the results may go: writing then fails, and the run comes to an
	// orderly end.
	signal.Ignore(syscall.SIGPIPE)
	s := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, signals: notify}
	os.Exit(run(context.Background(), os.Args[1:], s, os.Getenv))
}

// notify hands out the signals that end a run, until stop is called: from then on
// they end the process, as they do before a run.
func notify() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 2)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(c, syscall.SIGHUP)
	}
	return c, func() { signal.Stop(c) }
}
