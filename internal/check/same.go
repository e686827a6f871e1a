package check

import (
	"fmt"
	"net/http"

	"github.com/usersync/usersync/rest"
)

// CheckSameUser is the error of an answer that tells of another user than the one asked
// for, nil when it is the same: like any answer that cannot be used.
func CheckSameUser[ID comparable](provider, operation string, resp *http.Response, asked, got ID) error {
	if asked == got {
		return nil
	}
	e := &rest.Error{Provider: provider, Operation: operation, Executed: rest.ExecutedYes, Err: fmt.Errorf("the answer is about another user than %v", asked)}
	if resp != nil {
		e.StatusCode = resp.StatusCode
	}
	return e
}
