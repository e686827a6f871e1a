package specs_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/speakeasy-api/openapi/overlay"
	"github.com/speakeasy-api/openapi/overlay/loader"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// TestEveryActionHasAnEffect applies the actions one by one. Strict overlays allow an action
// that sets a value to itself.
func TestEveryActionHasAnEffect(t *testing.T) {
	t.Parallel()
	overlays, err := filepath.Glob("*.overlay.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, overlays)
	for _, file := range overlays {
		provider := strings.TrimSuffix(file, ".overlay.yaml")
		corrections, err := loader.LoadOverlay(file)
		require.NoError(t, err)
		assert.Equal(t, "1.1.0", corrections.Version)
		require.NotEmpty(t, corrections.Actions)

		assert.Empty(t, withoutEffect(t, provider, corrections), provider)
	}
}

func TestOverlayActionWithoutEffectIsDetected(t *testing.T) {
	t.Parallel()
	corrections, err := loader.LoadOverlay("partoo.overlay.yaml")
	require.NoError(t, err)
	again := corrections.Actions[0]
	corrections.Actions = append(corrections.Actions, again)

	assert.Equal(t, []string{again.Target}, withoutEffect(t, "partoo", corrections))
}

// withoutEffect returns the targets of the actions that change nothing.
func withoutEffect(t *testing.T, provider string, corrections *overlay.Overlay) []string {
	t.Helper()
	// Overlays are applied to the spec as the library encodes it.
	doc, err := openapi3.NewLoader().LoadFromFile(provider + ".yaml")
	require.NoError(t, err)
	text, err := yaml.Marshal(doc)
	require.NoError(t, err)
	var node yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &node))
	text, err = yaml.Marshal(&node)
	require.NoError(t, err)

	var targets []string
	for _, action := range corrections.Actions {
		one := *corrections
		one.Actions = []overlay.Action{action}
		_, err := one.ApplyToStrict(&node)
		require.NoError(t, err, action.Target)
		changed, err := yaml.Marshal(&node)
		require.NoError(t, err)
		if string(changed) == string(text) {
			targets = append(targets, action.Target)
		}
		text = changed
	}
	return targets
}
