package identifai_test

import (
	"testing"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/everycall"
)

func FuzzAnswers(f *testing.F) { everycall.Fuzz(f, everycall.Identifai) }

func TestEveryCallIsListed(t *testing.T) {
	everycall.Covers(t, everycall.Identifai, new(identifai.Client), new(identifai.Bulk))
}
