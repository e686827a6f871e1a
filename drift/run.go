package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// job is a comparison of one provider.
type job struct {
	reader   *reader
	progress io.Writer
	specs    string
	provider string
	from     []string // in place of the sources of the spec
	baseline *baseline
}

// run compares one provider's spec with the sources. The collected documents of
// the vendor are returned for --write.
func (j job) run(ctx context.Context) (report Report, vendor *vendorSpec, docs []*document) {
	report = Report{Provider: j.provider, Sources: j.from, texts: make(map[string]string)}
	defer func() {
		j.baseline.apply(&report)
		report.finish()
	}()
	current, err := readSpec(j.specs, j.provider)
	if err != nil {
		report.addProblem(fmt.Errorf("usersync's spec: %w", err))
		return report, nil, nil
	}
	known := provenanceOf(current)
	if len(j.from) == 0 {
		report.Sources = known.from
	}
	if len(report.Sources) == 0 {
		report.addProblem(fmt.Errorf("specs/%s.yaml has no x-provenance: state a source with --from", j.provider))
		return report, nil, nil
	}
	s := collector{reader: j.reader, report: &report, progress: j.progress}
	if known.prose.operation != "" {
		s.prose = func(source, text string) { compareProse(&report, source, text, current, known.prose) }
	}
	for _, source := range report.Sources {
		s.source(ctx, source)
	}
	if len(s.docs) == 0 {
		if len(report.Problems) == 0 && s.prose == nil {
			report.addProblem(errors.New("no OpenAPI in any of the sources"))
		}
		return report, nil, nil
	}
	docs, others := mainDocument(s.docs, current)
	for _, other := range others {
		report.note("not compared: " + other)
	}
	fragments, contradictions := merge(docs)
	report.Contradictions = contradictions
	vendor = &vendorSpec{spec: load(fragments), complete: s.complete && !s.failed}
	if s.complete {
		vendor.scope = known.scope
	}
	j.compare(&report, current, *vendor)
	return report, vendor, docs
}

func (j job) compare(report *Report, current *spec, vendor vendorSpec) {
	published := len(vendor.operations) + len(vendor.unreadable)
	result := compare(current, vendor)
	if len(result.entries) > 0 {
		corrections, err := newCorrector(j.specs, j.provider)
		if err == nil {
			err = corrections.markAdopted(result, current, vendor)
		}
		if err != nil {
			report.addProblem(fmt.Errorf("overlay: %w", err))
		}
	}
	report.Changes = append(report.Changes, result.changes()...)
	report.NotFound = result.notFound
	report.Notes = append(report.Notes, result.notes...)
	for _, problem := range result.unreadable {
		report.addProblem(errors.New(problem))
	}
	for _, e := range sortedEndpoints(vendor.unreadable) {
		if problem := vendor.unreadable[e]; !slices.Contains(result.unreadable, problem) {
			report.note(fmt.Sprintf("%s is not used and cannot be read: %s", e, problem))
		}
	}
	report.note(fmt.Sprintf("%d operations were found", published))
	if len(result.outOfScope) > 0 {
		report.note(outOfScopeNote(result.outOfScope, vendor.scope))
	}
	if a, b := text(current.root["openapi"]), text(vendor.root["openapi"]); a != b {
		report.note(fmt.Sprintf("the vendor's document is OpenAPI %s, usersync's spec %s", b, a))
	}
	if !vendor.complete && len(result.notFound) > 0 {
		report.note(fmt.Sprintf("%d operations are not on the pages that were read: they were not compared, and may have been removed", len(result.notFound)))
	}
}

// collector reads the documents and pages of the sources.
type collector struct {
	reader   *reader
	report   *Report
	progress io.Writer
	docs     []*document
	prose    func(source, text string) // what to do with a page without OpenAPI
	complete bool                      // a whole document or an index is among them
	failed   bool                      // something was not read
}

func (c *collector) addProblem(err error) {
	c.failed = true
	c.report.addProblem(err)
}

func (c *collector) source(ctx context.Context, source string) {
	text, err := c.reader.read(ctx, source)
	if err != nil {
		c.addProblem(err)
		return
	}
	if isIndex(source) {
		c.index(ctx, source, string(text))
		return
	}
	if !isPage(string(text)) && looksLikeProse(string(text)) {
		if c.prose != nil {
			c.prose(source, string(text))
			return
		}
		c.addProblem(fmt.Errorf("%s: line 1: neither an OpenAPI document nor a page with a block of OpenAPI (a fence with yaml, method and path)", source))
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
		c.addProblem(err)
		return
	}
	c.complete = c.complete || !page
	c.docs = append(c.docs, d)
}

func (c *collector) index(ctx context.Context, source, text string) {
	pages, external, err := pagesOfIndex(source, text)
	if err != nil {
		c.addProblem(err)
	}
	if external > 0 {
		c.report.note(fmt.Sprintf("%s: %d links lead to another origin and were not followed", source, external))
	}
	without := 0
	for i, page := range pages {
		fmt.Fprintf(c.progress, "%s: page %d of %d: %s\n", c.report.Provider, i+1, len(pages), page)
		text, err := c.reader.read(ctx, page)
		switch {
		case ctx.Err() != nil:
			c.addProblem(fmt.Errorf("%s: stopped at page %d of %d: %w", source, i+1, len(pages), ctx.Err()))
			return
		case err != nil:
			c.addProblem(err)
		case isPage(string(text)) || !looksLikeProse(string(text)):
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

// looksLikeProse reports whether a text is no attempt at an OpenAPI document.
func looksLikeProse(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(line, "\uFEFF \t\"'")
		if strings.HasPrefix(line, "openapi") || strings.HasPrefix(line, "swagger") {
			return false
		}
	}
	return !strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF")), "{")
}
