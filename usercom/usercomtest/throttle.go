package usercomtest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/usersync/usersync/rest/resttest"
)

// throttle is the framework's sliding log.
type throttle struct {
	window resttest.Window
	log    []time.Time // oldest first
}

// allow logs a request, or returns the time until it would be accepted.
func (t *throttle) allow(now time.Time) time.Duration {
	for len(t.log) > 0 && now.Sub(t.log[0]) >= t.window.Every {
		t.log = t.log[1:]
	}
	if len(t.log) >= t.window.Limit {
		if len(t.log) == 0 {
			return t.window.Every
		}
		return t.window.Every - now.Sub(t.log[0])
	}
	t.log = append(t.log, now)
	return 0
}

// checkThrottles checks every throttle, as the framework does: one that accepts a
// request counts it, even if another one rejects it.
func (s *Server) checkThrottles() *response {
	var wait time.Duration
	now := time.Now()
	for _, t := range s.throttles {
		wait = max(wait, t.allow(now))
	}
	if wait == 0 {
		return nil
	}
	seconds := int(math.Ceil(wait.Seconds()))
	text := fmt.Sprintf("Request was throttled. Expected available in %d seconds.", seconds)
	if seconds == 1 {
		text = "Request was throttled. Expected available in 1 second."
	}
	failed := detailError(http.StatusTooManyRequests, text)
	failed.header = http.Header{"Retry-After": {strconv.Itoa(seconds)}}
	return failed
}
