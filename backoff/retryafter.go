package backoff

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Larger numbers are points in time, not durations: no server asks for a wait of years.
// Seconds since 1970 passed 1e9 in 2001, milliseconds 1e12.
const (
	epochSeconds      = 1e9
	epochMilliseconds = 1e12
)

// minRetryAfter replaces shorter values. Laravel's throttle on Redis truncates to whole
// seconds and sends 0 while it still rejects requests.
const minRetryAfter = time.Second

// RetryAfter returns how long the server asks to wait: the value of Retry-After,
// else of X-RateLimit-Reset, else of RateLimit-Reset. now is when the response
// arrived. Points in time are compared with the Date of the response if it has one,
// so that a wrong local clock does not matter.
//
// Each header may contain seconds, also with a fraction, an HTTP date in any of its
// three forms, or seconds or milliseconds since 1970. Of several values, separated by
// commas or in several lines, the largest counts. A value in the past or below one
// second counts as one second, because a request sent at once would be rejected
// again. A value beyond the range of time.Duration is the longest Duration. ok is
// false if no header can be read.
func RetryAfter(header http.Header, now time.Time) (wait time.Duration, ok bool) {
	for _, name := range [...]string{"Retry-After", "X-Ratelimit-Reset", "Ratelimit-Reset"} {
		longest := time.Duration(math.MinInt64)
		for _, line := range header[name] {
			values := []string{line}
			if _, err := http.ParseTime(strings.TrimSpace(line)); err != nil {
				values = strings.Split(line, ",") // several limits, as in "7, 60"
			}
			for _, value := range values {
				if retryAfter, valid := parseRetryAfter(strings.TrimSpace(value), header, now); valid {
					longest, ok = max(longest, retryAfter), true
				}
			}
		}
		if ok {
			return max(longest, minRetryAfter), true
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

// parseNumber accepts digits with an optional fraction and sign. strconv alone would also
// accept hexadecimal numbers, Inf and NaN.
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

// serverTime returns the server's clock when it sent the response, or now if unknown.
func serverTime(header http.Header, now time.Time) time.Time {
	if values := header["Date"]; len(values) > 0 {
		if date, err := http.ParseTime(values[0]); err == nil {
			return date
		}
	}
	return now
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// seconds converts to a Duration. A value out of range becomes the nearest Duration.
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
