// Package docs tests README.md, CONTRIBUTING.md and the pages in docs/.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	root           = ".."
	maxReadmeLines = 150
)

func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	lines := strings.Count(read(t, filepath.Join(root, "README.md")), "\n")
	assert.LessOrEqual(t, lines, maxReadmeLines, "move text to docs/")
}

// A page of docs/ that README.md does not link to is not found by readers.
func TestReadmeLinksToEveryPage(t *testing.T) {
	t.Parallel()
	targets := make(map[string]bool)
	for _, link := range links(read(t, filepath.Join(root, "README.md"))) {
		targets[link] = true
	}
	files, err := filepath.Glob("*.md")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		assert.True(t, targets["docs/"+file], "link to docs/%s in README.md", file)
	}
}

func TestRelativeLinksExist(t *testing.T) {
	t.Parallel()
	count := 0
	for _, page := range pages(t) {
		for _, link := range links(read(t, page)) {
			count++
			assert.Empty(t, linkProblem(t, page, link), "%s: %s", page, link)
		}
	}
	assert.Positive(t, count)
}

func TestBrokenLinkIsFound(t *testing.T) {
	t.Parallel()
	page := filepath.Join(root, "README.md")
	assert.Empty(t, linkProblem(t, page, "docs/bulk.md#resuming"))
	assert.Empty(t, linkProblem(t, page, "#installation"))
	assert.NotEmpty(t, linkProblem(t, page, "docs/missing.md"))
	assert.NotEmpty(t, linkProblem(t, page, "docs/bulk.md#missing"))
	assert.NotEmpty(t, linkProblem(t, page, "#missing"))
	assert.Equal(t, []string{"a.md", "b.svg"}, links("[a](a.md) ![b](b.svg) [c](https://example.com) `[d](d.md)`"))
}

// pages returns the Markdown files whose links and code are tested.
func pages(t *testing.T) (files []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "docs/*.md", "*/README.md", "examples/*/README.md"} {
		matches, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		require.NoError(t, err)
		files = append(files, matches...)
	}
	return files
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fenced  = regexp.MustCompile("(?s)```.*?```")
	quoted  = regexp.MustCompile("`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// links returns the targets of links and images that are not URLs.
func links(page string) (targets []string) {
	for _, match := range link.FindAllStringSubmatch(quoted.ReplaceAllString(fenced.ReplaceAllString(page, ""), ""), -1) {
		if !strings.Contains(match[1], "://") {
			targets = append(targets, match[1])
		}
	}
	return targets
}

// linkProblem returns why a relative link of page is broken, or "".
func linkProblem(t *testing.T, page, link string) string {
	t.Helper()
	file, anchor, hasAnchor := strings.Cut(link, "#")
	target := page
	if file != "" {
		target = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
	}
	if _, err := os.Stat(target); err != nil {
		return "the file does not exist"
	}
	if hasAnchor && !anchors(read(t, target))[anchor] {
		return "the heading does not exist"
	}
	return ""
}

// anchors returns the anchors that GitHub gives the headings of a page.
func anchors(page string) map[string]bool {
	set := make(map[string]bool)
	for _, match := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		slug := notSlug.ReplaceAllString(strings.ToLower(match[1]), "")
		set[strings.ReplaceAll(slug, " ", "-")] = true
	}
	return set
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}
