package usercom_test

import (
	"testing"

	"github.com/usersync/usersync/internal/everycall"
	"github.com/usersync/usersync/usercom"
)

func FuzzResponses(f *testing.F) { everycall.Fuzz(f, everycall.UserCom) }

func TestEveryOperationIsListed(t *testing.T) {
	everycall.AssertCovered(t, everycall.UserCom, new(usercom.Client))
}
