package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// vendor is a made-up site of documentation: usersync's spec, divided into a page
// per operation that contains the operation and what it refers to.
type vendor struct {
	t     *testing.T
	name  string // of the whole document, as pages state it
	pages map[string]map[string]any
}

var providers = func() []string {
	providers, err := providersIn("../specs")
	if err != nil {
		panic(err)
	}
	return providers
}()

func newVendor(t *testing.T, provider string) vendor {
	t.Helper()
	whole := specDocument(t, provider)
	v := vendor{t: t, pages: make(map[string]map[string]any)}
	if provider == "partoo" {
		v.name = "/openapi/bundled.yaml"
	}
	for path, item := range whole["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if slices.Contains(methods, method) {
				e := endpoint{strings.ToUpper(method), path}
				v.pages[e.String()] = pageOf(specDocument(t, provider), e)
			}
		}
	}
	return v
}

func specDocument(t *testing.T, provider string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "specs", provider+".yaml"))
	require.NoError(t, err)
	d, err := parseDocument(provider, text, 0)
	require.NoError(t, err)
	return d.value
}

func pageOf(whole map[string]any, e endpoint) map[string]any {
	item := whole["paths"].(map[string]any)[e.path].(map[string]any)
	kept := map[string]any{strings.ToLower(e.method): item[strings.ToLower(e.method)]}
	if shared, found := item["parameters"]; found {
		kept["parameters"] = shared
	}
	page := map[string]any{"paths": map[string]any{e.path: kept}}
	for key, value := range whole {
		if key != "paths" && key != "components" {
			page[key] = value
		}
	}
	components := make(map[string]any)
	page["components"] = components
	all := whole["components"].(map[string]any)
	components["securitySchemes"] = all["securitySchemes"]
	for more := true; more; {
		more = false
		text, _ := json.Marshal(page)
		for kind, named := range all {
			for name, value := range named.(map[string]any) {
				if bytes.Contains(text, fmt.Appendf(nil, `"#/components/%s/%s"`, kind, name)) {
					if components[kind] == nil {
						components[kind] = make(map[string]any)
					}
					if at := components[kind].(map[string]any); at[name] == nil {
						at[name], more = value, true
					}
				}
			}
		}
	}
	return page
}

// edit changes the value at a place of a page, which must exist.
func (v vendor) edit(page string, change func(at map[string]any, key string), place ...string) {
	v.t.Helper()
	require.NotNil(v.t, v.pages[page], page)
	edit(v.t, v.pages[page], change, place...)
}

// edit changes the value at a place of a document. Keys that are numbers are
// indexes of lists.
func edit(t *testing.T, document map[string]any, change func(at map[string]any, key string), place ...string) {
	t.Helper()
	var into any = document
	for i, key := range place[:len(place)-1] {
		switch container := into.(type) {
		case map[string]any:
			next, found := container[key]
			require.True(t, found, "no %s", strings.Join(place[:i+1], "."))
			into = next
		case []any:
			index, err := strconv.Atoi(key)
			require.NoError(t, err)
			into = container[index]
		}
	}
	last := place[len(place)-1]
	if items, ok := into.([]any); ok {
		index, err := strconv.Atoi(last)
		require.NoError(t, err)
		item := map[string]any{last: items[index]}
		change(item, last)
		items[index] = item[last]
		return
	}
	change(into.(map[string]any), last)
}

func set(value any) func(map[string]any, string) {
	return func(at map[string]any, key string) { at[key] = value }
}

func drop(at map[string]any, key string) { delete(at, key) }

func without(value any) func(map[string]any, string) {
	return func(at map[string]any, key string) {
		at[key] = slices.DeleteFunc(slices.Clone(at[key].([]any)), func(v any) bool { return v == value })
	}
}

func with(value any) func(map[string]any, string) {
	return func(at map[string]any, key string) {
		list, _ := at[key].([]any)
		at[key] = append(slices.Clone(list), value)
	}
}

func rename(to string) func(map[string]any, string) {
	return func(at map[string]any, key string) {
		at[to] = at[key]
		delete(at, key)
	}
}

func (v vendor) text(page string) string {
	return v.block(page, page)
}

// block returns a page. operation is the one that the fence names; the block contains page.
func (v vendor) block(operation, page string) string {
	v.t.Helper()
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	require.NoError(v.t, encoder.Encode(v.pages[page]))
	method, path, _ := strings.Cut(operation, " ")
	info := strings.Join(strings.Fields("yaml "+v.name+" "+strings.ToLower(method)+" "+path), " ")
	return fmt.Sprintf("> All pages are listed in the index.\n\n# A page\n\nWords, and another block:\n\n```yaml\nopenapi: not this one\n```\n\n## OpenAPI\n\n````%s\n%s\n````\n", info, text.String())
}

// save writes the pages to files and returns the flags that name them.
func (v vendor) save(pages ...string) []string {
	v.t.Helper()
	if len(pages) == 0 {
		pages = keys(v.pages)
	}
	var flags []string
	dir := v.t.TempDir()
	for i, page := range pages {
		flags = append(flags, "--from", write(v.t, dir, fmt.Sprintf("page%02d.md", i), v.text(page)))
	}
	return flags
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// drift runs the command and reads its report.
func drift(t *testing.T, provider string, args ...string) (int, Report) {
	t.Helper()
	var out, errOut bytes.Buffer
	code := command(t.Context(), append([]string{"--format", "json", "--every", "0s", "--provider", provider}, args...), &out, &errOut)
	var reports []Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &reports), "%s%s", out.String(), errOut.String())
	require.Len(t, reports, 1)
	return code, reports[0]
}
