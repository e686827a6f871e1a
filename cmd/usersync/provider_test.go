package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The providers are the specs in specs/, overlays apart.
func TestEveryProviderHasATable(t *testing.T) {
	files, err := filepath.Glob("../../specs/*.yaml")
	require.NoError(t, err)
	var specs []string
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".yaml"); !strings.Contains(name, ".") {
			specs = append(specs, name)
		}
	}
	assert.ElementsMatch(t, specs, names(), "add the provider to the list in provider.go")
}

func TestSelectProviders(t *testing.T) {
	selected, err := selectProviders([]string{"usercom", " partoo", "partoo "})
	require.NoError(t, err)
	require.Len(t, selected, 2)
	assert.Equal(t, "partoo usercom", selected[0].name+" "+selected[1].name)
}
