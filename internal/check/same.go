package check

import (
	"fmt"
	"net/http"

	"github.com/usersync/usersync/rest"
)

// SameUser returns an error if the response contains another user than requested: such
// a response is unusable.
func SameUser[ID comparable](provider, operation string, resp *http.Response, requested, got ID) error {
	if requested == got {
		return nil
	}
	e := &rest.Error{Provider: provider, Operation: operation, Executed: rest.ExecutedYes, Err: fmt.Errorf("response contains a different user than %v", requested)}
	if resp != nil {
		e.StatusCode = resp.StatusCode
	}
	return e
}
