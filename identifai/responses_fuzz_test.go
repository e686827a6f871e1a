package identifai_test

import (
	"testing"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/everycall"
)

func FuzzResponses(f *testing.F) { everycall.Fuzz(f, everycall.Identifai) }

func TestEveryOperationIsListed(t *testing.T) {
	everycall.AssertCovered(t, everycall.Identifai, new(identifai.Client), new(identifai.Bulk))
}
