package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Report is what a run found out about one provider.
type Report struct {
	Provider       string          `json:"provider"`
	Sources        []string        `json:"sources"`
	Changes        []Change        `json:"changes"`
	Contradictions []Contradiction `json:"contradictions"`
	// Problems kept something from being compared.
	Problems []string `json:"problems"`
	// Notes say what was compared, and what cannot be seen in such a source.
	Notes []string `json:"notes"`
}

// The statuses the command ends with.
const (
	exitSame     = 0
	exitChanged  = 1
	exitProblems = 2
)

func status(reports []Report) int {
	code := exitSame
	for _, r := range reports {
		if len(r.Problems) > 0 {
			return exitProblems
		}
		if len(r.Changes)+len(r.Contradictions) > 0 {
			code = exitChanged
		}
	}
	return code
}

var formats = map[string]func(io.Writer, []Report) error{"text": writeText, "markdown": writeMarkdown, "json": writeJSON}

func writeJSON(out io.Writer, reports []Report) error {
	for i := range reports {
		r := &reports[i]
		r.Sources, r.Problems, r.Notes = list(r.Sources), list(r.Problems), list(r.Notes)
		r.Changes, r.Contradictions = list(r.Changes), list(r.Contradictions)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(reports)
}

// list is a list that is never null in JSON.
func list[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

func (r Report) summary() string {
	if len(r.Changes)+len(r.Contradictions) == 0 {
		if len(r.Problems) > 0 {
			return "not compared, or not all of it"
		}
		return "no difference"
	}
	var parts []string
	for _, group := range groups {
		if n := len(r.in(group)); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, group))
		}
	}
	if n := len(r.Contradictions); n > 0 {
		parts = append(parts, fmt.Sprintf("%d contradictory", n))
	}
	return strings.Join(parts, ", ")
}

func (r Report) in(group Group) []Change {
	var changes []Change
	for _, c := range r.Changes {
		if c.Group == group {
			changes = append(changes, c)
		}
	}
	return changes
}

// reach names the operations of a shared schema, and what ours rests on.
func (c Change) reach() string {
	text := ""
	if len(c.Operations) > 0 && !strings.HasPrefix(c.Place, c.Operations[0]) {
		text = " (" + strings.Join(c.Operations, ", ") + ")"
	}
	if c.Ours != "" {
		text += " [ours: " + c.Ours + "]"
	}
	return text
}

// printer keeps the first error of many lines.
type printer struct {
	out io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format+"\n", args...)
	}
}

func writeText(out io.Writer, reports []Report) error {
	p := printer{out: out}
	for i, r := range reports {
		if i > 0 {
			p.line("")
		}
		p.line("%s: %s", r.Provider, r.summary())
		for _, group := range groups {
			changes := r.in(group)
			if len(changes) > 0 {
				p.line("\n%s", group)
			}
			for _, c := range changes {
				p.line("  %s: %s%s\n    %s", c.Place, c.What, c.reach(), c.Consequence)
			}
		}
		if len(r.Contradictions) > 0 {
			p.line("\ncontradictions between the vendor's pages")
		}
		for _, c := range r.Contradictions {
			p.line("  %s\n    %s\n    %s", c.Place, c.First, c.Second)
		}
		section(&p, "could not be compared", r.Problems)
		section(&p, "notes", r.Notes)
	}
	return p.err
}

func section(p *printer, title string, lines []string) {
	if len(lines) > 0 {
		p.line("\n%s", title)
	}
	for _, line := range lines {
		p.line("  %s", line)
	}
}

func writeMarkdown(out io.Writer, reports []Report) error {
	p := printer{out: out}
	for i, r := range reports {
		if i > 0 {
			p.line("")
		}
		p.line("## %s: %s", r.Provider, r.summary())
		for _, group := range groups {
			changes := r.in(group)
			if len(changes) > 0 {
				p.line("\n### %s\n\n| place | change | for our code |\n| --- | --- | --- |", group)
			}
			for _, c := range changes {
				p.line("| %s | %s | %s |", cell(c.Place+c.reach()), cell(c.What), cell(c.Consequence))
			}
		}
		if len(r.Contradictions) > 0 {
			p.line("\n### contradictions between the vendor's pages\n\n| place | one page | another |\n| --- | --- | --- |")
		}
		for _, c := range r.Contradictions {
			p.line("| %s | %s | %s |", cell(c.Place), cell(c.First), cell(c.Second))
		}
		bullets(&p, "could not be compared", r.Problems)
		bullets(&p, "notes", r.Notes)
	}
	return p.err
}

func bullets(p *printer, title string, lines []string) {
	if len(lines) > 0 {
		p.line("\n### %s\n", title)
	}
	for _, line := range lines {
		p.line("- %s", markdown.Replace(line))
	}
}

// The vendor's texts are not ours to trust: no markup of theirs, no new cells.
var markdown = strings.NewReplacer("|", `\|`, "\r", " ", "\n", " ", "<", "&lt;", "`", "'", "[", `\[`, "*", `\*`, "_", `\_`)

func cell(text string) string { return markdown.Replace(text) }
