// Command regenerate runs the generator of gen/ for the given providers, and
// explains where in the spec an error of the generator comes from:
//
//	regenerate partoo usercom
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

func main() {
	root, err := findRoot()
	if err != nil {
		fmt.Fprintln(os.Stderr, "regenerate:", err)
		os.Exit(1)
	}
	for _, provider := range os.Args[1:] {
		cmd := exec.Command("go", "generate", "./gen/"+provider)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		os.Stderr.Write(out)
		if err != nil {
			fmt.Fprintf(os.Stderr, "\n%s\n", explain(string(out), root, provider))
			os.Exit(1)
		}
	}
}

// findRoot searches for gen/ from the working directory upwards.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "gen")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no gen/ in the working directory or above")
		}
		dir = parent
	}
}

var (
	inSchema    = regexp.MustCompile(`converting Schema (\S+) to Go type`)
	inProperty  = regexp.MustCompile(`for property '([^']+)'`)
	inOperation = regexp.MustCompile(`operation ['"]?(\w+)['"]?`)
	missingKey  = regexp.MustCompile(`map key "([^"]+)" not found`)
	selector    = regexp.MustCompile(`selector "([^"]+)" did not match`)
	lastCause   = regexp.MustCompile(`[^:\n]+(: &?\[[^\n]*)?$`)
)

// explain states the place of an error of the generator and what to do.
func explain(output, root, provider string) string {
	output = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(firstError(output)), "exit status 1"))
	spec, overlay := filepath.Join("specs", provider+".yaml"), filepath.Join("specs", provider+".overlay.yaml")
	if match := inSchema.FindStringSubmatch(output); match != nil {
		place := []string{"components", "schemas", match[1]}
		name := "schema " + match[1]
		for _, property := range inProperty.FindAllStringSubmatch(output, -1) {
			place = append(place, "properties", property[1])
			name += ", property " + property[1]
		}
		at := position(root, spec, place)
		if at == "" {
			at = fmt.Sprintf("%s (added there)", overlay)
		}
		return fmt.Sprintf("%s: %s: %s\nThe generator does not support this form. Add an action to %s that gives it another form, with the reason as a comment.",
			at, name, strings.TrimSpace(lastCause.FindString(output)), overlay)
	}
	if match := selector.FindStringSubmatch(output); match != nil {
		return fmt.Sprintf("%s: the overlay action %s matches nothing.\nThe spec has no such place any more: change the target, or remove the action if the vendor adopted the correction.",
			lineOf(root, overlay, match[1]), match[1])
	}
	if match := missingKey.FindStringSubmatch(output); match != nil {
		return fmt.Sprintf("%s: a $ref to %s, which does not exist.\nCorrect the reference in the spec: an overlay is applied only to a document that can be read.",
			lineOf(root, spec, "/"+match[1]), match[1])
	}
	if match := inOperation.FindStringSubmatch(output); match != nil {
		return fmt.Sprintf("%s: operation %s\nThe generator does not support this form. Add an action to %s that gives it another form.",
			lineOf(root, spec, "operationId: "+match[1]), match[1], overlay)
	}
	return fmt.Sprintf("The error is in %s or %s. If the generator does not support a form in the spec, add an action to the overlay that gives it another one.", spec, overlay)
}

func firstError(output string) string {
	if i := strings.Index(output, "error "); i >= 0 {
		output = output[i:]
	}
	if i := strings.Index(output, "\nexit status"); i >= 0 {
		output = output[:i]
	}
	return output
}

// position returns the file and line of a place in a document, or "".
func position(root, file string, place []string) string {
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return ""
	}
	var document yaml.Node
	if yaml.Unmarshal(text, &document) != nil || len(document.Content) == 0 {
		return file
	}
	node, line := document.Content[0], 0
	for depth, key := range place {
		i := keyIndex(node, key)
		if i < 0 && depth < 3 {
			return "" // the component is not in this file
		}
		if i < 0 {
			break // below an allOf or a list
		}
		line, node = node.Content[i].Line, node.Content[i+1]
	}
	return fmt.Sprintf("%s: line %d", file, line)
}

func keyIndex(node *yaml.Node, key string) int {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// lineOf returns the file and the first line that contains a text.
func lineOf(root, file, text string) string {
	content, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return file
	}
	for i, line := range strings.Split(string(content), "\n") {
		if strings.Contains(line, text) {
			return fmt.Sprintf("%s: line %d", file, i+1)
		}
	}
	return file
}
