package main

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// maxPages bounds the pages of an index that are read.
const maxPages = 400

// isIndex reports whether a source is an index of pages for machines.
func isIndex(source string) bool {
	if u, err := address(source); err == nil && u != nil {
		return path.Base(u.Path) == "llms.txt"
	}
	return filepath.Base(source) == "llms.txt"
}

var link = regexp.MustCompile(`\[[^\]\n]*\]\(\s*<?([^)>\s]+)>?[^)\n]*\)`)

// pagesOfIndex lists the pages of an index: those of its own origin, or for a file
// those in its directory and below. external counts the other links.
func pagesOfIndex(source, text string) (pages []string, external int, err error) {
	base, err := address(source)
	if err != nil {
		return nil, 0, err
	}
	seen := make(map[string]bool)
	for _, match := range link.FindAllStringSubmatch(text, -1) {
		page := resolveLink(source, base, match[1])
		switch {
		case page == "":
			external++
		case !seen[page] && page != source:
			seen[page] = true
			pages = append(pages, page)
		}
	}
	if len(pages) == 0 {
		return nil, external, fmt.Errorf("%s: an index without links to pages of the same origin", source)
	}
	if len(pages) > maxPages {
		return pages[:maxPages], external, fmt.Errorf("%s: lists %d pages; only the first %d are read", source, len(pages), maxPages)
	}
	return pages, external, nil
}

// resolveLink returns the page a link leads to, or "" if that is in another place.
func resolveLink(source string, base *url.URL, target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
		u.Fragment = ""
		if u.User != nil || origin(u) != origin(base) {
			return ""
		}
		return u.String()
	}
	local := filepath.FromSlash(u.Path)
	if u.Scheme != "" || u.Host != "" || !filepath.IsLocal(local) {
		return ""
	}
	return filepath.Join(filepath.Dir(source), local)
}

// mainDocument picks the pages of the document that contains most of usersync's
// operations, and lists the other documents.
func mainDocument(docs []*document, current *spec) (chosen []*document, others []string) {
	known := make(map[string]bool)
	for e := range current.operations {
		known[e.shape()] = true
	}
	groups := make(map[string][]*document)
	score := make(map[string]int)
	for _, d := range docs {
		groups[d.name] = append(groups[d.name], d)
		for _, f := range fragmentsOf(d) {
			if f.isOperation() {
				score[d.name]++
				if known[f.endpoint().shape()] {
					score[d.name] += 1000
				}
			}
		}
	}
	names := keys(groups)
	if len(names) == 0 {
		return nil, nil
	}
	best := slices.MaxFunc(names, func(a, b string) int { return score[a] - score[b] })
	for _, name := range names {
		if name != best {
			others = append(others, fmt.Sprintf("%s (%d pages)", strings.TrimSpace("document "+name), len(groups[name])))
		}
	}
	return groups[best], others
}
