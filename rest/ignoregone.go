package rest

import (
	"errors"
	"net/http"
)

// IgnoreGone returns nil for the 404 of a retried DELETE: an earlier attempt with
// unknown outcome probably deleted the user. It returns any other error,
// including an HTML 404, unchanged.
func IgnoreGone(err error) error {
	e, ok := errors.AsType[*Error](err)
	if ok && e.Method == http.MethodDelete && errors.Is(e, ErrNotFound) && e.Executed != ExecutedNo {
		return nil
	}
	return err
}
