package main

import (
	"fmt"
	"regexp"
	"strings"
)

// blockStart is the first line of a block of OpenAPI in a page: a fence, a
// language, the name of the whole document if there are several, method and path.
var blockStart = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})[ \t]*(?i:ya?ml|json)[ \t]+(?:(\\S+)[ \t]+)?(?i:(get|put|post|delete|options|head|patch|trace))[ \t]+(/\\S*)[ \t]*$")

// isPage reports whether a text is a page with a block of OpenAPI.
func isPage(text string) bool {
	for line := range strings.Lines(strings.TrimPrefix(text, "\uFEFF")) {
		if blockStart.MatchString(strings.TrimRight(line, "\r\n")) {
			return true
		}
	}
	return false
}

// parsePage reads the only block of OpenAPI of a page in Markdown.
func parsePage(from, text string) (*document, error) {
	lines := strings.Split(strings.ReplaceAll(strings.TrimPrefix(text, "\uFEFF"), "\r\n", "\n"), "\n")
	var d *document
	for i := 0; i < len(lines); i++ {
		start := blockStart.FindStringSubmatch(lines[i])
		if start == nil {
			i = skipFence(lines, i)
			continue
		}
		if d != nil {
			return nil, fmt.Errorf("%s: line %d: a second block of OpenAPI; a page may have one", from, i+1)
		}
		end := blockEnd(lines, i)
		if end < 0 {
			return nil, fmt.Errorf("%s: line %d: the block that starts here is never closed", from, i+1)
		}
		var err error
		if d, err = parseDocument(from, []byte(strings.Join(lines[i+1:end], "\n")+"\n"), i+1); err != nil {
			return nil, err
		}
		d.name = start[2]
		d.stated = &endpoint{method: strings.ToUpper(start[3]), path: start[4]}
		i = end
	}
	if d == nil {
		return nil, fmt.Errorf("%s: no block of OpenAPI: want a fence with yaml, method and path", from)
	}
	return d, nil
}

var fence = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")

// skipFence returns the last line of another block that starts at line i, or i.
func skipFence(lines []string, i int) int {
	if fence.MatchString(lines[i]) {
		if end := blockEnd(lines, i); end >= 0 {
			return end
		}
	}
	return i
}

// blockEnd returns the line that closes the fence of line i, or -1.
func blockEnd(lines []string, i int) int {
	mark := fence.FindStringSubmatch(lines[i])[1]
	for j := i + 1; j < len(lines); j++ {
		line := strings.TrimSpace(lines[j])
		if strings.HasPrefix(line, mark) && strings.Trim(line, mark[:1]) == "" {
			return j
		}
	}
	return -1
}
