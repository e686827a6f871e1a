package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// provenance states where the vendor publishes a spec (x-provenance in its
// info).
type provenance struct {
	from  []string // defaults of --from
	scope []string // paths whose new operations matter
	// prose describes pages that are not OpenAPI, if there are any.
	prose proseConfig
}

// proseConfig is the key prose of x-provenance: what a page without OpenAPI is compared with.
type proseConfig struct {
	operation     string            // operationId
	schema        string            // component that describes the request
	authorization string            // word before the API key
	title         string            // heading of the article
	key           string            // field that the wrapper always sends
	texts         map[string]string // hash of the article, by source
	// Version 2 of the API has its own pages, whose examples contain it in the header
	// Accept, and its own request schema.
	version2       []string // sources of these pages
	version2Schema string   // component that describes their request
}

// provenanceOf reads x-provenance of the spec.
func provenanceOf(current *spec) provenance {
	fields := mapping(mapping(current.root["info"])["x-provenance"])
	prose := mapping(fields["prose"])
	p := provenance{from: texts(fields["from"]), scope: texts(fields["scope"]), prose: proseConfig{
		operation: text(prose["operation"]), authorization: text(prose["authorization"]), title: text(prose["title"]), key: text(prose["key"]),
		texts: textMap(prose["texts"]), schema: text(prose["schema"]), version2: texts(prose["version-2"]), version2Schema: text(prose["version-2-schema"]),
	}}
	return p
}

func texts(value any) []string {
	var texts []string
	for _, v := range list(value) {
		if t, ok := v.(string); ok {
			texts = append(texts, t)
		}
	}
	return texts
}

func textMap(value any) map[string]string {
	texts := make(map[string]string)
	for key, v := range mapping(value) {
		texts[key] = text(v)
	}
	return texts
}

// readSpec reads the spec of a provider.
func readSpec(specs, provider string) (*spec, error) {
	file := filepath.Join(specs, provider+".yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return loadDocument(file, text)
}

// providersIn lists the providers: the documents in specs, overlays apart.
func providersIn(specs string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(specs, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var providers []string
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); !strings.HasSuffix(name, ".overlay") {
			providers = append(providers, name)
		}
	}
	if len(providers) == 0 {
		return nil, fmt.Errorf("no specs in %s", specs)
	}
	slices.Sort(providers)
	return providers, nil
}

// findSpecs searches for specs/ from the working directory upwards.
func findSpecs() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		specs := filepath.Join(dir, "specs")
		if _, err := providersIn(specs); err == nil {
			return specs, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no specs/ in the working directory or above: use --specs")
		}
		dir = parent
	}
}
