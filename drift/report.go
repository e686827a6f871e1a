package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Report is what a run found out about one provider.
type Report struct {
	Provider string `json:"provider"`
	// Status is 0 for no change, 1 for changes, 2 if something could not be read
	// and 3 for both.
	Status         int             `json:"status"`
	Sources        []string        `json:"sources"`
	Changes        []Change        `json:"changes"`
	Contradictions []Contradiction `json:"contradictions"`
	// NotFound lists operations of the spec that are not on the pages that were
	// read. Other pages may contain them.
	NotFound []string `json:"not_found"`
	// Problems kept something from being compared.
	Problems []string `json:"problems"`
	// Notes state what was compared, and what such a source cannot show.
	Notes []string `json:"notes"`

	texts map[string]string // hashes of pages of prose
}

// Exit statuses of the command. A report has the first three, and 3 for two of
// them together.
const (
	exitNoChange   = 0
	exitChanged    = 1
	exitUnreadable = 2
	exitNoIssues   = 4
)

func (r *Report) addProblem(err error) { r.Problems = append(r.Problems, err.Error()) }
func (r *Report) note(text string)     { r.Notes = append(r.Notes, text) }

func (r *Report) finish() {
	for i := range r.Changes {
		r.Changes[i] = r.Changes[i].withID()
	}
	sortChanges(r.Changes)
	if len(r.Changes)+len(r.Contradictions) > 0 {
		r.Status |= exitChanged
	}
	if len(r.Problems) > 0 {
		r.Status |= exitUnreadable
	}
}

// status is that of all reports together.
func status(reports []Report) int {
	code := exitNoChange
	for _, r := range reports {
		code |= r.Status
	}
	return code
}

var formats = map[string]func(io.Writer, []Report) error{"text": writeText, "markdown": writeMarkdown, "json": writeJSON}

func writeJSON(out io.Writer, reports []Report) error {
	for i := range reports {
		r := &reports[i]
		r.Sources, r.Problems, r.Notes = notNull(r.Sources), notNull(r.Problems), notNull(r.Notes)
		r.Changes, r.Contradictions, r.NotFound = notNull(r.Changes), notNull(r.Contradictions), notNull(r.NotFound)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(reports)
}

// notNull returns a list that is never null in JSON.
func notNull[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

func (r Report) summary() string {
	var parts []string
	for _, group := range groups {
		if n := len(r.in(group)); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, group))
		}
	}
	if n := len(r.Contradictions); n > 0 {
		parts = append(parts, fmt.Sprintf("%d contradictory", n))
	}
	if len(r.Problems) > 0 {
		parts = append(parts, "not or only partly compared")
	}
	if len(parts) == 0 {
		return "no changes"
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

// affects lists the operations of a shared schema, and what usersync's side
// rests on.
func (c Change) affects() string {
	text := ""
	if len(c.Operations) > 0 && !strings.HasPrefix(c.Place, c.Operations[0]) {
		text = " (" + strings.Join(c.Operations, ", ") + ")"
	}
	if c.OurSource != "" {
		text += " [spec: " + c.OurSource + "]"
	}
	return text
}

// printer writes lines until the first error.
type printer struct {
	out io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format+"\n", args...)
	}
}

const (
	titleContradictions = "contradictions between the vendor's pages"
	titleNotFound       = "not found on the pages that were read"
	titleProblems       = "could not be compared"
)

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
				p.line("  %s: %s%s\n    %s", c.Place, c.What, c.affects(), c.Impact)
			}
		}
		if len(r.Contradictions) > 0 {
			p.line("\n%s", titleContradictions)
		}
		for _, c := range r.Contradictions {
			p.line("  %s\n    %s\n    %s", c.Place, c.First, c.Second)
		}
		section(&p, titleNotFound, r.NotFound)
		section(&p, titleProblems, r.Problems)
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
				p.line("\n### %s\n\n| place | change | impact |\n| --- | --- | --- |", group)
			}
			for _, c := range changes {
				p.line("| %s | %s | %s |", cell(c.Place+c.affects()), cell(c.What), cell(c.Impact))
			}
		}
		if len(r.Contradictions) > 0 {
			p.line("\n### %s\n\n| place | one page | another |\n| --- | --- | --- |", titleContradictions)
		}
		for _, c := range r.Contradictions {
			p.line("| %s | %s | %s |", cell(c.Place), cell(c.First), cell(c.Second))
		}
		bullets(&p, titleNotFound, r.NotFound)
		bullets(&p, titleProblems, r.Problems)
		bullets(&p, "notes", r.Notes)
	}
	return p.err
}

func bullets(p *printer, title string, lines []string) {
	if len(lines) > 0 {
		p.line("\n### %s\n", title)
	}
	for _, line := range lines {
		p.line("- %s", cell(line))
	}
}

// The vendor's texts are untrusted: no markup, no mentions, no new cells.
var markdown = strings.NewReplacer("|", `\|`, "\r", " ", "\n", " ", "<", "&lt;", "`", "'", "[", `\[`, "*", `\*`, "_", `\_`, "@", "@\u200b", "#", `\#`)

func cell(text string) string { return markdown.Replace(text) }
