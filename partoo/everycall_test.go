package partoo_test

import (
	"testing"

	"github.com/usersync/usersync/internal/everycall"
	"github.com/usersync/usersync/partoo"
)

func FuzzResponses(f *testing.F) { everycall.Fuzz(f, everycall.Partoo) }

func TestEveryCallIsListed(t *testing.T) {
	everycall.AssertCovered(t, everycall.Partoo, new(partoo.Client), new(partoo.Bulk))
}
