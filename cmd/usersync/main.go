// Command usersync upserts the users of a file into the providers:
//
//	usersync upsert --provider partoo users.csv
//
// "usersync upsert --help" documents flags, file format, journal and environment.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/usersync/usersync/internal/userfile"
	"github.com/usersync/usersync/rest"
)

func main() {
	// A reader of the results may close the pipe: the write then fails, and the run ends
	// in order.
	signal.Ignore(syscall.SIGPIPE)
	c := command{args: os.Args[1:], getenv: os.Getenv, streams: streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, signals: notify}}
	os.Exit(c.run(context.Background()))
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

// The exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // some users failed or were not sent
	exitUsage  = 2 // invalid usage or input; nothing was sent
)

// streams are the inputs and outputs of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
	// signals starts the delivery of the signals that end a run.
	signals func() (signals <-chan os.Signal, stop func())
}

// command is one call of the program, without its process.
type command struct {
	args    []string
	streams streams
	getenv  func(string) string
	status  int // exit status

	verifyInterval time.Duration // between two requests of verify; 0: the default
}

// run executes the command line and returns the exit status.
func (c *command) run(ctx context.Context) int {
	used, err := c.root().ExecuteContextC(ctx)
	if err != nil {
		fmt.Fprintf(c.streams.err, "usersync: %v\nRun '%s --help' for usage.\n", err, used.CommandPath())
		return exitUsage
	}
	return c.status
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "usersync",
		Short:         "Create and update the users of a file in " + strings.Join(names(), ", "),
		Version:       rest.Version(),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("missing command: upsert, verify, completion, help or version")
			}
			return fmt.Errorf("unknown command %s%s", userfile.Printable(args[0]), suggestion(cmd.SuggestionsFor(args[0])))
		},
	}
	root.SetVersionTemplate("usersync {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(c.upsertCommand(), c.verifyCommand(), &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "usersync", rest.Version()) },
	})
	root.SetArgs(c.args)
	root.SetIn(c.streams.in)
	root.SetOut(c.streams.out)
	root.SetErr(c.streams.err)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				topic, rest, _ := root.Find(args)
				return unknownTopic(topic, rest)
			}
		case "completion":
			cmd.Args = unknownTopic
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	return root
}

// unknownTopic returns an error for an argument that names no command below cmd.
func unknownTopic(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, c := range cmd.Commands() {
		known = append(known, c.Name())
	}
	if len(known) == 0 {
		return fmt.Errorf("unexpected argument %s", userfile.Printable(args[0]))
	}
	return fmt.Errorf("unknown topic %s: want %s", userfile.Printable(args[0]), strings.Join(known, ", "))
}

// printError reports an error that prevented a run or spoilt its end.
func (s streams) printError(err error) { fmt.Fprintf(s.err, "usersync: %v\n", err) }
