package verify_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docs/verified.md lists each fact with its probe.
func TestDocsListEveryFact(t *testing.T) {
	page, err := os.ReadFile("../../docs/verified.md")
	require.NoError(t, err)
	rows := strings.Split(string(page), "\n")
	want := make(map[string]bool)
	for _, provider := range providers {
		for _, f := range factsOf(t, provider) {
			row := fmt.Sprintf("| `%s` | %s | %s | %s | %s |", f.ID, f.Text, f.Why, f.Probe, f.IfDiffers)
			want[row] = true
			assert.Contains(t, rows, row)
		}
	}
	for _, row := range rows {
		if strings.HasPrefix(row, "| `") && !strings.HasPrefix(row, "| `-") {
			assert.True(t, want[row], "not in the table of facts: %s", row)
		}
	}
}
