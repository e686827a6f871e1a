package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// provenance says, in the info of a document of ours, where the vendor
// publishes it.
type provenance struct {
	from  []string // defaults of -from
	scope []string // paths whose new operations matter
	prose string   // schema that a page of prose is compared with, when there is no document
}

func provenanceOf(doc *openapi3.T) provenance {
	var p provenance
	fields, _ := doc.Info.Extensions["x-provenance"].(map[string]any)
	p.from = texts(fields["from"])
	p.scope = texts(fields["scope"])
	p.prose, _ = fields["prose"].(string)
	return p
}

func texts(value any) []string {
	values, _ := value.([]any)
	var list []string
	for _, v := range values {
		if text, ok := v.(string); ok {
			list = append(list, text)
		}
	}
	return list
}

// run compares one provider's document with the sources, or with the addresses
// of its provenance.
func run(ctx context.Context, r *reader, progress io.Writer, specs, provider string, from []string) Report {
	report := Report{Provider: provider, Sources: from}
	ours, err := openapi3.NewLoader().LoadFromFile(filepath.Join(specs, provider+".yaml"))
	if err != nil {
		report.problem(fmt.Errorf("our own document: %w", err))
		return report
	}
	known := provenanceOf(ours)
	var scope []string
	if len(from) == 0 {
		report.Sources, scope = known.from, known.scope
	}
	if len(report.Sources) == 0 {
		report.problem(fmt.Errorf("specs/%s.yaml has no x-provenance: name a source with -from", provider))
		return report
	}
	s := collector{reader: r, report: &report, progress: progress}
	if known.prose != "" {
		s.prose = func(source, text string) { compareProse(&report, source, text, ours, known.prose) }
	}
	for _, source := range report.Sources {
		s.source(ctx, source)
	}
	if len(s.docs) == 0 {
		if len(report.Problems) == 0 && known.prose == "" {
			report.problem(errors.New("no OpenAPI in any of the sources"))
		}
		return report
	}
	chosen, others := largest(s.docs, shapes(ours))
	for _, other := range others {
		report.note("not compared: " + other)
	}
	units, contradictions := merge(chosen)
	report.Contradictions = contradictions
	doc, unread, problems := load(units)
	for _, problem := range problems {
		report.problem(problem)
	}
	if doc == nil {
		return report
	}
	// What could not be read may hold what seems to be gone.
	complete := s.complete && !s.failed
	published := shapes(doc)
	changes, outside, err := compare(ours, view{doc: doc, complete: complete, unread: unread, scope: scope})
	if err != nil {
		report.problem(err)
		return report
	}
	report.Changes = append(report.Changes, changes...)
	sortChanges(report.Changes)
	report.note(fmt.Sprintf("%d operations were found", len(published)))
	if outside > 0 {
		report.note(fmt.Sprintf("%d of them are outside %s and none of ours", outside, strings.Join(scope, ", ")))
	}
	if !complete {
		report.note("single pages: operations of ours that they do not hold were not compared, and may be gone")
	}
	return report
}

func (r *Report) problem(err error) { r.Problems = append(r.Problems, err.Error()) }
func (r *Report) note(text string)  { r.Notes = append(r.Notes, text) }

// collector gathers the documents and pages of the sources.
type collector struct {
	reader   *reader
	report   *Report
	progress io.Writer
	docs     []*document
	prose    func(source, text string) // what to do with a page without OpenAPI
	complete bool                      // a whole document or an index is among them
	failed   bool                      // something was not read
}

func (c *collector) fail(err error) {
	c.failed = true
	c.report.problem(err)
}

func (c *collector) source(ctx context.Context, source string) {
	text, err := c.reader.read(ctx, source)
	if err != nil {
		c.fail(err)
		return
	}
	if isIndex(source) {
		c.index(ctx, source, string(text))
		return
	}
	if !isPage(string(text)) && looksProse(string(text)) {
		if c.prose != nil {
			c.prose(source, string(text))
			return
		}
		c.fail(fmt.Errorf("%s: line 1: neither an OpenAPI document nor a page with a block of OpenAPI (a fence with yaml, method and path)", source))
		return
	}
	c.text(source, text)
}

func (c *collector) text(source string, text []byte) {
	parse := func() (*document, error) { return parseDocument(source, text, 0) }
	page := isPage(string(text))
	if page {
		parse = func() (*document, error) { return parsePage(source, string(text)) }
	}
	d, err := parse()
	if err != nil {
		c.fail(err)
		return
	}
	c.complete = c.complete || !page
	c.docs = append(c.docs, d)
}

func (c *collector) index(ctx context.Context, source, text string) {
	pages, elsewhere, err := follow(source, text)
	if err != nil {
		c.fail(err)
	}
	if elsewhere > 0 {
		c.report.note(fmt.Sprintf("%s: %d links lead somewhere else and were not followed", source, elsewhere))
	}
	without := 0
	for i, page := range pages {
		fmt.Fprintf(c.progress, "%s: page %d of %d: %s\n", c.report.Provider, i+1, len(pages), page)
		text, err := c.reader.read(ctx, page)
		switch {
		case ctx.Err() != nil:
			c.fail(fmt.Errorf("%s: stopped at page %d of %d: %w", source, i+1, len(pages), ctx.Err()))
			return
		case err != nil:
			c.fail(err)
		case isPage(string(text)) || !looksProse(string(text)):
			c.text(page, text)
		default:
			without++
		}
	}
	c.complete = c.complete || len(pages) > 0
	if without > 0 {
		c.report.note(fmt.Sprintf("%s: %d pages without OpenAPI", source, without))
	}
}

// looksProse reports whether a text is no attempt at an OpenAPI document.
func looksProse(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimLeft(line, " \t\"'"); strings.HasPrefix(line, "openapi") {
			return false
		}
	}
	return !strings.HasPrefix(strings.TrimSpace(text), "{")
}

// findSpecs looks for specs/ from the working directory upwards.
func findSpecs() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		specs := filepath.Join(dir, "specs")
		if _, err := os.Stat(filepath.Join(specs, "partoo.yaml")); err == nil {
			return specs, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no specs/ above the working directory: name it with -specs")
		}
		dir = parent
	}
}
