package backoff_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/usersync/usersync/backoff"
)

func ExampleRetryAfter() {
	header := http.Header{"Retry-After": {"60"}}
	retryAfter, ok := backoff.RetryAfter(header, time.Now())
	fmt.Println(retryAfter, ok)
	// Output: 1m0s true
}
