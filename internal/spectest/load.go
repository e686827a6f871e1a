// Package spectest validates the requests and responses of tests against specs/:
//
//	hc := &http.Client{Transport: spectest.Transport(t, "partoo", fake)}
//
// Each difference fails the test, with the operation and the place.
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
	"github.com/stretchr/testify/require"
)

// Providers returns the names of the providers, sorted: they are the specs in
// specs/, overlays apart. This is the only list of providers.
func Providers(t testing.TB) []string {
	t.Helper()
	names, err := ProvidersIn(Dir(t))
	require.NoError(t, err)
	require.NotEmpty(t, names, "spectest: no specs found")
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

// Load returns the spec of a provider with its overlay applied, which is the input of the
// generator. The caller may change it.
func Load(t testing.TB, provider string) *openapi3.T {
	t.Helper()
	doc, err := LoadFrom(Dir(t), provider)
	require.NoError(t, err, "spectest: load %s", provider)
	return doc
}

// LoadFrom is [Load] for another directory than specs/.
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

// Dir returns specs/ in the working directory of a test or in one of its parents, so that
// nested modules find it.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for parent := filepath.Dir(dir); parent != dir; dir, parent = parent, filepath.Dir(parent) {
		specs := filepath.Join(dir, "specs")
		if _, err := os.Stat(filepath.Join(specs, "partoo.yaml")); err == nil {
			return specs
		}
	}
	t.Fatal("spectest: specs/ not found in the working directory or its parents")
	return ""
}
