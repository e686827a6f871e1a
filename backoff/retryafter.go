package backoff

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Numbers above these are no spans but moments: no server asks for a wait of
// years. Seconds since 1970 passed 1e9 in 2001, milliseconds 1e12.
const (
	epochSeconds      = 1e9
	epochMilliseconds = 1e12
)

// minRetryAfter is what a wish of nothing counts as. Laravel's throttle on Redis
// cuts to whole seconds and says 0 while it still refuses.
const minRetryAfter = time.Second

// RetryAfter reads how long the server asks to wait from the headers of an
// answer: Retry-After, else X-RateLimit-Reset, else RateLimit-Reset. now is when
// the answer arrived; moments are measured against the answer's own Date where
// it has one, so that a wrong clock here does not matter.
//
// Each header may hold seconds (fractions too), an HTTP date in any of its three
// forms, or the moment in seconds or milliseconds since 1970. A wish that lies in
// the past, or is shorter, counts as one second, because a refusal that says
// "now" comes back refused; one beyond the range of time.Duration as the longest
// Duration. ok is false when no header can be read.
func RetryAfter(header http.Header, now time.Time) (wish time.Duration, ok bool) {
	for _, name := range [...]string{"Retry-After", "X-Ratelimit-Reset", "Ratelimit-Reset"} {
		values := header[name]
		if len(values) == 0 {
			continue
		}
		if wish, ok := parseRetryAfter(strings.TrimSpace(values[0]), header, now); ok {
			return max(wish, minRetryAfter), true
		}
	}
	return 0, false
}

func parseRetryAfter(value string, header http.Header, now time.Time) (time.Duration, bool) {
	if value == "" {
		return 0, false
	}
	if n, ok := parseNumber(value); ok {
		switch {
		case n >= epochMilliseconds:
			return seconds(n/1000 - unixSeconds(serverTime(header, now))), true
		case n >= epochSeconds:
			return seconds(n - unixSeconds(serverTime(header, now))), true
		}
		return seconds(n), true
	}
	if at, err := http.ParseTime(value); err == nil {
		return at.Sub(serverTime(header, now)), true
	}
	return 0, false
}

// parseNumber accepts what a header may hold: digits with an optional fraction
// and sign. strconv alone would also take hexadecimals, Inf and NaN.
func parseNumber(value string) (float64, bool) {
	if strings.Trim(value, "+-.0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil && !math.IsInf(n, 0) {
		return 0, false
	}
	return n, true
}

// serverTime is the server's clock at the time of the answer, or ours.
func serverTime(header http.Header, now time.Time) time.Time {
	if values := header["Date"]; len(values) > 0 {
		if date, err := http.ParseTime(values[0]); err == nil {
			return date
		}
	}
	return now
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// seconds converts without overflow: out of range becomes the nearest Duration.
func seconds(s float64) time.Duration {
	const limit = float64(math.MaxInt64) / float64(time.Second)
	switch {
	case s >= limit:
		return math.MaxInt64
	case s <= -limit:
		return math.MinInt64
	}
	return time.Duration(s * float64(time.Second))
}
