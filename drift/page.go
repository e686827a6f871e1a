package main

import (
	"fmt"
	"regexp"
	"strings"
)

// opening is the first line of a block of OpenAPI in a page of documentation:
// a fence, a language, the name of the whole document when there are several,
// method and path.
var opening = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})[ \t]*(?i:ya?ml|json)[ \t]+(?:(\\S+)[ \t]+)?(?i:(get|put|post|delete|options|head|patch|trace))[ \t]+(/\\S*)[ \t]*$")

// isPage reports whether a text is a page of documentation with OpenAPI in it.
func isPage(text string) bool {
	for line := range strings.Lines(text) {
		if opening.MatchString(strings.TrimRight(line, "\r\n")) {
			return true
		}
	}
	return false
}

// parsePage reads the one block of OpenAPI that a page in Markdown has.
func parsePage(from, text string) (*document, error) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	var d *document
	for i := 0; i < len(lines); i++ {
		start := opening.FindStringSubmatch(lines[i])
		if start == nil {
			i = skipFence(lines, i)
			continue
		}
		if d != nil {
			return nil, fmt.Errorf("%s: line %d: a second block of OpenAPI; a page has one", from, i+1)
		}
		end := closing(lines, i)
		if end < 0 {
			return nil, fmt.Errorf("%s: line %d: the block that opens here is never closed", from, i+1)
		}
		var err error
		if d, err = parseDocument(from, []byte(strings.Join(lines[i+1:end], "\n")+"\n"), i+1); err != nil {
			return nil, err
		}
		d.name = start[2]
		d.holds = &endpoint{method: strings.ToUpper(start[3]), path: start[4]}
		i = end
	}
	if d == nil {
		return nil, fmt.Errorf("%s: no block of OpenAPI: want a fence with yaml, method and path", from)
	}
	return d, nil
}

var fence = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")

// skipFence returns the last line of a block of something else that begins at
// line i, or i.
func skipFence(lines []string, i int) int {
	if fence.MatchString(lines[i]) {
		if end := closing(lines, i); end >= 0 {
			return end
		}
	}
	return i
}

// closing returns the line that closes the fence of line i, or -1.
func closing(lines []string, i int) int {
	mark := fence.FindStringSubmatch(lines[i])[1]
	for j := i + 1; j < len(lines); j++ {
		line := strings.TrimSpace(lines[j])
		if strings.HasPrefix(line, mark) && strings.Trim(line, mark[:1]) == "" {
			return j
		}
	}
	return -1
}
