package rest

import (
	"errors"
	"net/http"
)

// IgnoreGone turns the 404 of a repeated DELETE into success: an earlier attempt may
// have been executed without its answer arriving, and then there is nothing left
// to find. Any other error is returned as it is.
func IgnoreGone(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Method == http.MethodDelete &&
		e.StatusCode == http.StatusNotFound && !isHTML(e.Body) && e.Executed == ExecutedMaybe {
		return nil
	}
	return err
}
