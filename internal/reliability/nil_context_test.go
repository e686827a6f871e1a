package reliability

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/rest/resttest"
)

func TestNilContextIsAnErrorOfEveryMethod(t *testing.T) {
	t.Parallel()
	for _, call := range calls() {
		if !call.isWrapperCall() || strings.HasPrefix(call.name, "Bulk.") {
			continue // net/http panics; a Bulk cannot be created
		}
		t.Run(call.provider+" "+call.name, func(t *testing.T) {
			s := call.start(connection{t: t, transport: func(*resttest.Server) http.RoundTripper {
				return roundTrip(func(r *http.Request) (*http.Response, error) {
					t.Errorf("%s %s was sent", r.Method, r.URL.Path)
					return nil, errors.New("sent")
				})
			}})
			var none context.Context
			_, err := s.call(none)
			assert.ErrorContains(t, err, "the context is nil")
		})
	}
}
