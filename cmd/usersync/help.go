package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

const usageText = `usersync upserts the users of a file into identifAI, Partoo and user.com.

Usage:
  usersync upsert -provider identifai|partoo|usercom|all [flags] FILE
  usersync help
  usersync version

FILE is CSV, or JSONL when its name ends in .jsonl or .ndjson; "-" is standard
input. It is read and checked whole before anything is sent. Then every user is
created, updated or found unchanged, at all providers side by side. Where that
takes fewer requests, the users that are there are listed first (identifai,
partoo). Requests keep to the vendors' documented quotas, so a long file takes
its time: identifAI takes 30 written users a minute.

A line on standard output tells of each user; at the end come the sums, and all
that failed once more. Progress goes to standard error: bars on a terminal, else
a line every few seconds. So do waits before a request is sent again, as after a
429. Neither holds a key or a password.

Flags:
  -provider NAME    identifai, partoo, usercom, or all of them
  -format FORMAT    csv or jsonl, whatever the name of FILE
  -dry-run          send no write: check FILE and tell what would be created,
                    updated or left unchanged (usercom: FILE is checked)
  -quiet            no lines for users, no progress: only waits and the end
  -json             lines for users are JSON objects; the end goes to standard error.
                    With -dry-run they have "dry_run": true, and "outcome" is what
                    it would be
  -journal FILE     record there what is done; with -provider all, FILE.identifai
                    and so on. Default: next to the input, as in
                    users.csv.partoo.journal; none with -fake or standard input
  -resume           go on with the run of the journal: users on record are not
                    sent again
  -retry-failed     the same, and users that failed are sent again
  -workers N        users upserted at the same time (8)
  -timeout DURATION how long an attempt may take, as 30s (the default) or 2m
  -quota QUOTA      requests allowed instead of those documented, reads and writes
                    together: 300/min, 50/10s, 1/s,30/min, or none; for
                    one provider, not for all
  -share 1/N        use that part of the quota: N processes use the key
  -fake             send to fakes in memory instead; no keys are needed
  -fake-state FILE  with -fake: start with the users in FILE, if it exists, and
                    write to it those that are there in the end
  -fake-429         with -fake: refuse one request with a 429 (with -provider all:
                    one of identifai)

Interrupt:
  The first interrupt (Ctrl-C, SIGTERM, SIGHUP) lets users finish that were begun,
  the second stops at once. When nobody reads standard output any more, a run ends as
  after the first; up to -workers users may then be on record, and done, whose lines
  nobody got. How to go on is said at the end.

Journal:
  It is whole after an interrupt and after a crash, and is of one FILE, provider and
  key. A run that is not over is not begun anew as long as its journal is there.
  Where -journal was not given, it is removed when every user is done, and when the
  run ended with users that failed, or FILE is another by now, the next run renames
  it, adding .old, and begins anew. One of another key or address is set aside only
  when its run is over.

Exit status:
  0  every user is as the file has it
  1  some users failed, or were not sent because of an interrupt or a refused key
  2  bad usage or input; nothing was sent
`

const fileText = `
File:
  The header of a CSV file names the columns, in any order. One file can serve all
  providers: a column that only others know is ignored, and one for a provider
  alone, such as partoo.status, wins over status where its cell is not empty.
  A name that no provider knows is an error.

  An empty cell means: not given. What is not given is not sent and keeps its
  value; an empty list, [], is given. true and false may be written 1 and 0.
  A list is written a;b or as JSON, ["a","b"].

  The lines of a JSONL file are objects with the same names. Numbers, true and
  false, lists and objects are JSON's own; null or "" means: not given. What is for
  one provider stands in an object: {"email": "…", "identifai": {"pricing_id": 2}}

  Where an address passes from one person to another (identifai), the row of the one
  who gives it up needs the id; the other may fail as long as the address is taken,
  and is upserted with -retry-failed.

  Two rows must not be the same user: the same e-mail address (identifai, partoo;
  in any case), id (identifai) or user_id (usercom).
`

// helpText documents the command. Columns marked * are required.
func helpText() string {
	var b strings.Builder
	b.WriteString(usageText + fileText)
	for _, p := range providers() {
		fmt.Fprintf(&b, "\nColumns of %s (* required):\n", p.title())
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, d := range p.describe() {
			mark := " "
			if slices.Contains(p.required(), d.name) {
				mark = "*"
			}
			fmt.Fprintf(w, "%s %s\t%s\n", mark, d.name, d.text())
		}
		_ = w.Flush() // a Builder takes everything
	}
	b.WriteString("\nEnvironment (not needed with -fake):\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, p := range providers() {
		for _, s := range p.envVars() {
			fmt.Fprintf(w, "  %s\t%s\n", s.name, s.description)
		}
	}
	_ = w.Flush()
	return b.String()
}

// text leaves out that a column holds text where there is more to say.
func (d columnHelp) text() string {
	switch {
	case d.note == "":
		return d.format
	case d.format == "text":
		return d.note
	}
	return d.format + "; " + d.note
}
