// Package spectest holds clients and fakes to the documents of specs/ in tests:
//
//	hc := &http.Client{Transport: spectest.Transport(t, "partoo", fake)}
//
// Every request and answer that passes is compared with the document, and each
// difference fails the test by name and place.
package spectest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/util"
)

// Providers returns the names of the providers, sorted: they are the specs in
// specs/, overlays apart. This is the only list of providers.
func Providers(t testing.TB) []string {
	t.Helper()
	names, err := ProvidersIn(Dir(t))
	if err != nil || len(names) == 0 {
		t.Fatalf("spectest: no specs found: %v", err)
	}
	return names
}

// ProvidersIn is [Providers] for a copy of specs/.
func ProvidersIn(specs string) (names []string, err error) {
	files, err := filepath.Glob(filepath.Join(specs, "*.yaml"))
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); !strings.HasSuffix(name, ".overlay") {
			names = append(names, name)
		}
	}
	return names, err
}

// Load returns the document of a provider (identifai, partoo or usercom) with
// its overlay applied, as the generator sees it. It belongs to the caller, who
// may change it.
func Load(t testing.TB, provider string) *openapi3.T {
	t.Helper()
	doc, err := LoadFrom(Dir(t), provider)
	if err != nil {
		t.Fatalf("spectest: load %s: %v", provider, err)
	}
	return doc
}

// LoadFrom is [Load] for a copy of specs/ that stands somewhere else.
func LoadFrom(specs, provider string) (*openapi3.T, error) {
	options := util.LoadSwaggerWithOverlayOpts{Strict: true, AllowRemoteRefsFrom: []string{}}
	overlay := filepath.Join(specs, provider+".overlay.yaml")
	switch _, err := os.Stat(overlay); {
	case err == nil:
		options.Path = overlay
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return util.LoadSwaggerWithOverlay(filepath.Join(specs, provider+".yaml"), options)
}

// Dir finds specs/ from the working directory of a test upwards, so that nested
// modules find it too.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("spectest: %v", err)
	}
	for {
		specs := filepath.Join(dir, "specs")
		if _, err := os.Stat(filepath.Join(specs, "partoo.yaml")); err == nil {
			return specs
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("spectest: no specs/ above the working directory")
		}
		dir = parent
	}
}

// loadPublished returns the document of a provider without our corrections.
func loadPublished(t testing.TB, provider string) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(Dir(t), provider+".yaml"))
	if err != nil {
		t.Fatalf("spectest: load %s: %v", provider, err)
	}
	return doc
}
