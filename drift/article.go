package main

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// article is the text of a page of prose, without navigation and scripts.
type article struct {
	lines  []string     // a cell of a table is a line
	tables [][][]string // rows of cells, if the page marks its tables
}

// readArticle reads HTML, Markdown or plain text. title is the heading that the
// article starts with, if it is found.
func readArticle(page, title string) article {
	var a article
	page = strings.TrimPrefix(page, string(byteOrderMark))
	if strings.Contains(strings.ToLower(page), "</") && strings.Contains(strings.ToLower(page), "<html") {
		a = articleOfHTML(page)
	} else {
		a = articleOfText(page)
	}
	for i, line := range a.lines {
		if title != "" && strings.EqualFold(line, title) {
			a.lines = a.lines[i:]
			break
		}
	}
	return a
}

// Elements that are not part of an article.
var skipped = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Nav: true, atom.Header: true, atom.Footer: true,
	atom.Aside: true, atom.Time: true, atom.Svg: true, atom.Button: true, atom.Form: true, atom.Iframe: true, atom.Head: true,
}

// Classes and ids of other elements that are not part of an article.
var skippedClasses = []string{"nav", "navbar", "navigation", "menu", "sidebar", "header", "footer", "breadcrumb", "breadcrumbs", "toc", "cookies"}

func isNavigation(node *html.Node) bool {
	names := strings.Fields(strings.ToLower(attribute(node, "class") + " " + attribute(node, "id") + " " + attribute(node, "role")))
	return skipped[node.DataAtom] || slices.ContainsFunc(names, func(name string) bool { return slices.Contains(skippedClasses, name) })
}

// Elements within a line.
var inline = map[atom.Atom]bool{
	atom.A: true, atom.B: true, atom.I: true, atom.Em: true, atom.Strong: true, atom.Code: true, atom.Span: true, atom.U: true,
	atom.Small: true, atom.Mark: true, atom.Kbd: true, atom.Sup: true, atom.Sub: true, atom.Font: true, atom.Abbr: true,
}

func articleOfHTML(page string) article {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return articleOfText(page)
	}
	main := findElement(root, func(n *html.Node) bool { return n.DataAtom == atom.Article })
	if main == nil {
		main = findElement(root, func(n *html.Node) bool { return n.DataAtom == atom.Main || attribute(n, "role") == "main" })
	}
	if main == nil {
		main = root
	}
	var a article
	var text strings.Builder
	a.readHTML(main, &text, false)
	a.lines = cleanLines(text.String())
	return a
}

func findElement(node *html.Node, matches func(*html.Node) bool) *html.Node {
	if node.Type == html.ElementNode && matches(node) {
		return node
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		if found := findElement(child, matches); found != nil {
			return found
		}
	}
	return nil
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// readHTML writes the text of an element, and collects its tables. Outside of
// pre, white space is one space; the cells of a table are lines.
func (a *article) readHTML(node *html.Node, text *strings.Builder, pre bool) {
	switch {
	case node.Type == html.TextNode && pre:
		text.WriteString(node.Data)
		return
	case node.Type == html.TextNode:
		text.WriteString(whiteSpace.ReplaceAllString(node.Data, " "))
		return
	case node.Type == html.ElementNode && isNavigation(node):
		return
	}
	line := node.Type == html.ElementNode && !inline[node.DataAtom]
	cell := node.DataAtom == atom.Td || node.DataAtom == atom.Th
	if line {
		text.WriteString("\n")
	}
	if node.DataAtom == atom.Table {
		a.tables = append(a.tables, nil)
	}
	if node.DataAtom == atom.Tr && len(a.tables) > 0 {
		last := &a.tables[len(a.tables)-1]
		*last = append(*last, nil)
	}
	inner := text
	if cell {
		inner = new(strings.Builder)
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		a.readHTML(child, inner, pre || node.DataAtom == atom.Pre)
	}
	if cell {
		content := strings.Join(strings.Fields(inner.String()), " ")
		text.WriteString(content)
		if n := len(a.tables); n > 0 && len(a.tables[n-1]) > 0 {
			row := &a.tables[n-1][len(a.tables[n-1])-1]
			*row = append(*row, content)
		}
	}
	if line {
		text.WriteString("\n")
	}
}

var whiteSpace = regexp.MustCompile(`\s+`)

// articleOfText reads Markdown or plain text.
func articleOfText(page string) article {
	var a article
	var text strings.Builder
	inTable := false
	for line := range strings.Lines(strings.ReplaceAll(page, "\r\n", "\n")) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			inTable = false
			text.WriteString(line + "\n")
			continue
		}
		var row []string
		for cell := range strings.SplitSeq(strings.Trim(line, "| "), "|") {
			row = append(row, strings.Trim(cell, "`* "))
		}
		if !inTable {
			a.tables = append(a.tables, nil)
			inTable = true
		}
		if strings.Trim(strings.Join(row, ""), ":- ") == "" {
			continue // the line below the headings
		}
		last := &a.tables[len(a.tables)-1]
		if n := len(*last); n > 0 && row[0] == "" { // a wrapped cell
			previous := (*last)[n-1]
			for i := range min(len(row), len(previous)) {
				previous[i] = strings.TrimSpace(previous[i] + " " + row[i])
			}
		} else {
			*last = append(*last, row)
		}
		text.WriteString(strings.Join(row, "\n") + "\n")
	}
	a.lines = cleanLines(text.String())
	return a
}

func cleanLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.Trim(strings.TrimSpace(line), "`*# "); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// Lines and dates that change although the article does not.
var (
	dateLine = regexp.MustCompile(`(?i)^(last\s+)?(updated|modified|published|edited|reviewed|ostatnia aktualizacja|zaktualizowano|opublikowano)\b|©|\bcopyright\b|\bmin(ute)?s? read\b`)
	date     = regexp.MustCompile(`(?i)\b\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(\.\d+)?Z?)?\b|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b|\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2},? \d{4}\b|\b\d{1,2}\.? (jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{4}\b`)
)

// hash identifies the text of the article. Markup and dates do not count.
func (a article) hash() string {
	var words []string
	for _, line := range a.lines {
		if !dateLine.MatchString(line) {
			words = append(words, strings.Fields(date.ReplaceAllString(line, ""))...)
		}
	}
	text := strings.Join(words, "")
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune("`*_#|~", r) { // marks of Markdown
			return -1
		}
		return r
	}, text)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
