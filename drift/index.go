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

// maxPages bounds the pages that an index is followed to.
const maxPages = 400

// isIndex reports whether a source is an index of pages for machines.
func isIndex(source string) bool {
	if u, err := address(source); err == nil && u != nil {
		return path.Base(u.Path) == "llms.txt"
	}
	return filepath.Base(source) == "llms.txt"
}

var link = regexp.MustCompile(`\[[^\]\n]*\]\(\s*<?([^)>\s]+)>?[^)\n]*\)`)

// follow lists the pages of an index: those of its own origin, or for a file
// those in its directory and below. It tells how many it leaves out.
func follow(source, text string) (pages []string, elsewhere int, err error) {
	base, err := address(source)
	if err != nil {
		return nil, 0, err
	}
	seen := make(map[string]bool)
	for _, match := range link.FindAllStringSubmatch(text, -1) {
		page := resolve(source, base, match[1])
		switch {
		case page == "":
			elsewhere++
		case !seen[page] && page != source:
			seen[page] = true
			pages = append(pages, page)
		}
	}
	if len(pages) == 0 {
		return nil, elsewhere, fmt.Errorf("%s: an index without links to pages of its own origin", source)
	}
	if len(pages) > maxPages {
		return pages[:maxPages], elsewhere, fmt.Errorf("%s: lists %d pages, of which the first %d are read", source, len(pages), maxPages)
	}
	return pages, elsewhere, nil
}

// resolve returns the page a link leads to, or "" when that is somewhere else.
func resolve(source string, base *url.URL, target string) string {
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

// largest picks the pages of the document that holds most of our operations,
// and names the others.
func largest(docs []*document, known map[string]endpoint) (chosen []*document, others []string) {
	groups := make(map[string][]*document)
	score := make(map[string]int)
	for _, d := range docs {
		groups[d.name] = append(groups[d.name], d)
		for _, u := range unitsOf(d) {
			if u.isOperation() {
				score[d.name]++
				if _, ours := known[u.endpoint().shape()]; ours {
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
