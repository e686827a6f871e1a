package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8/cwriter"

	"github.com/usersync/usersync/internal/verify"
	"github.com/usersync/usersync/rest"
)

const verifyText = `Check the inferred facts about a provider's API against the live service. Each fact has a probe that
reports "holds", "differs" (with what to do) or "unknown" (with the reason).

partoo, usercom: creates users under example.com and deletes them, also after an interrupt or a failure.
identifai: changes the user with the email of --email, or creates it; usersync cannot delete it there.
No invitation and no creation email is sent. A run makes at most 40 requests, one every 2 seconds.
Run it while nothing else uses the API key.

The JSON report contains field names, types and statuses of responses, but no personal data.

Environment: the variables of the provider as for "usersync upsert", see "usersync help upsert".

Exit status: 0 no fact differs, 1 at least one fact differs, 2 the command could not run.
`

// verifyOptions are the flags of verify.
type verifyOptions struct {
	provider, email string
	yes, json       bool
}

func (c *command) verifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:                   "verify --provider NAME [--email EMAIL] [--yes] [--json]",
		Short:                 "Check inferred facts against the live service",
		Long:                  verifyText,
		Args:                  cobra.NoArgs,
		DisableFlagsInUseLine: true,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.verify(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.provider, "provider", "", "`NAME` of the provider: "+strings.Join(names(), ", "))
	flags.StringVar(&o.email, "email", "", "`EMAIL` of the test user (identifai only, required there)")
	flags.BoolVar(&o.yes, "yes", false, "do not ask for confirmation; required without a terminal")
	flags.BoolVar(&o.json, "json", false, "print a JSON report")
	return cmd
}

// verify runs the probes and prints the report. The first signal ends the probes.
func (c *command) verify(ctx context.Context, o verifyOptions) error {
	config, err := c.verifyConfig(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	signals, stopSignals := c.streams.signals()
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-signals:
			fmt.Fprintln(c.streams.err, "usersync: interrupted: deleting or restoring what was changed")
			cancel()
		case <-ctx.Done():
		}
	})
	report, err := verify.Run(ctx, config)
	cancel()
	watcher.Wait()
	stopSignals()
	if err != nil {
		return err
	}
	if report.Count(verify.Differs) > 0 {
		c.status = exitFailed
	}
	if o.json {
		encoder := json.NewEncoder(c.streams.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			Version string `json:"usersync"`
			verify.Report
		}{rest.Version(), report})
	}
	_, err = fmt.Fprint(c.streams.out, report.Text())
	return err
}

func (c *command) verifyConfig(o verifyOptions) (config verify.Config, err error) {
	selected, err := selectProviders(strings.Fields(o.provider))
	stdin, _ := c.streams.in.(*os.File)
	switch {
	case err != nil:
		return config, err
	case !o.yes && (stdin == nil || !cwriter.IsTerminal(int(stdin.Fd()))):
		return config, errors.New("standard input is not a terminal: use --yes to confirm")
	case len(selected) != 1:
		return config, errors.New("--provider: want one provider")
	case o.email != "" && selected[0].name != "identifai":
		return config, errors.New("--email: only for --provider identifai")
	case o.email == "" && selected[0].name == "identifai":
		return config, errors.New("missing --email: the email of a test user, which identifai cannot delete")
	}
	access, err := configsFromEnv(selected, nil, c.getenv)
	if err != nil {
		return config, err
	}
	version := 1
	if text := access[0].version; text != "" {
		if version, err = strconv.Atoi(text); err != nil {
			return config, fmt.Errorf("USERCOM_API_VERSION: %q, want 1 or 2", text)
		}
	}
	return verify.Config{
		Provider: selected[0].name, APIKey: access[0].key, Subdomain: access[0].subdomain, Version: version, Options: access[0].options, Email: o.email,
		Confirm:  func(plan string) error { return c.streams.confirm(plan, o.yes) },
		Interval: c.verifyInterval,
	}, nil
}

// confirm prints the plan and asks for confirmation unless yes is set.
func (s streams) confirm(plan string, yes bool) error {
	fmt.Fprintf(s.err, "%s\nRun this while nothing else uses the API key.\n", plan)
	if yes {
		return nil
	}
	fmt.Fprint(s.err, "Continue? [y/N] ")
	text, err := bufio.NewReader(s.in).ReadString('\n')
	if reply := strings.ToLower(strings.TrimSpace(text)); err != nil || reply != "y" && reply != "yes" {
		return errors.New("not confirmed")
	}
	return nil
}
