package reliability

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/usersync/usersync/rest/resttest"
)

// throttle is a 429 with headers, and the wait that they ask for.
func throttle(name string, kind kind, header func(now time.Time) http.Header, wish time.Duration) fault {
	return fault{
		name: name, kind: kind, status: http.StatusTooManyRequests, wish: wish,
		memory: func(now time.Time) resttest.Fault {
			f := resttest.Throttle("")
			if header != nil {
				for name, values := range header(now) {
					f.Header[name] = values
				}
			}
			return f
		},
	}
}

// throttleFaults are 429s with each form of each header. A server that names no
// time, or one that has passed, is asked again after a second or more.
func throttleFaults() []fault {
	const wish = 7 * time.Second
	fixed := func(name, value string) func(time.Time) http.Header {
		return func(time.Time) http.Header { return http.Header{name: {value}} }
	}
	moment := func(name string, form func(time.Time) string) func(time.Time) http.Header {
		return func(now time.Time) http.Header { return http.Header{name: {form(now.Add(wish))}} }
	}
	date := func(layout string) func(time.Time) string {
		return func(at time.Time) string { return at.UTC().Format(layout) }
	}
	seconds := func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
	milliseconds := func(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }
	skewed := func(by time.Duration) func(time.Time) http.Header {
		return func(now time.Time) http.Header {
			now = now.Add(by).UTC()
			return http.Header{"Date": {now.Format(http.TimeFormat)}, "Retry-After": {now.Add(wish).Format(http.TimeFormat)}}
		}
	}
	skewedReset := func(by time.Duration, dated bool) func(time.Time) http.Header {
		return func(now time.Time) http.Header {
			now = now.Add(by)
			header := http.Header{"Ratelimit-Reset": {seconds(now.Add(wish))}, "Date": nil} // which leaves it out
			if dated {
				header.Set("Date", now.UTC().Format(http.TimeFormat))
			}
			return header
		}
	}
	both := func(retryAfter, reset string) func(time.Time) http.Header {
		return func(time.Time) http.Header {
			return http.Header{"Retry-After": {retryAfter}, "X-Ratelimit-Reset": {reset}}
		}
	}
	past := func(now time.Time) http.Header {
		return http.Header{"Retry-After": {now.Add(-time.Hour).UTC().Format(http.TimeFormat)}}
	}
	long := throttle("429, Retry-After beyond two minutes", closed, fixed("Retry-After", "121"), 0)
	late := throttle("429, Retry-After beyond the caller's deadline", closed, fixed("Retry-After", "60"), 0)
	late.patient = 10 * time.Second
	return []fault{
		throttle("429", throttled, nil, time.Second),
		throttle("429, Retry-After in seconds", throttled, fixed("Retry-After", "7"), wish),
		throttle("429, Retry-After with a fraction", throttled, fixed("Retry-After", "7.25"), wish+wish/28),
		throttle("429, Retry-After: 0", throttled, fixed("Retry-After", "0"), time.Second),
		throttle("429, Retry-After below 0", throttled, fixed("Retry-After", "-7"), time.Second),
		throttle("429, Retry-After that is no time", throttled, fixed("Retry-After", "soon"), time.Second),
		throttle("429, Retry-After as date of RFC 1123", throttled, moment("Retry-After", date(http.TimeFormat)), wish),
		throttle("429, Retry-After as date of RFC 850", throttled, moment("Retry-After", date("Monday, 02-Jan-06 15:04:05 GMT")), wish),
		throttle("429, Retry-After as date of asctime", throttled, moment("Retry-After", date(time.ANSIC)), wish),
		throttle("429, Retry-After as date that has passed", throttled, past, time.Second),
		throttle("429, Retry-After as epoch seconds", throttled, moment("Retry-After", seconds), wish),
		throttle("429, Retry-After as epoch milliseconds", throttled, moment("Retry-After", milliseconds), wish),
		throttle("429, Retry-After as date of a clock an hour ahead", throttled, skewed(time.Hour), wish),
		throttle("429, Retry-After as date of a clock an hour behind", throttled, skewed(-time.Hour), wish),
		throttle("429, X-RateLimit-Reset in seconds", throttled, fixed("X-Ratelimit-Reset", "7"), wish),
		throttle("429, X-RateLimit-Reset as epoch seconds", throttled, moment("X-Ratelimit-Reset", seconds), wish),
		throttle("429, RateLimit-Reset in seconds", throttled, fixed("Ratelimit-Reset", "7"), wish),
		throttle("429, RateLimit-Reset as epoch milliseconds", throttled, moment("Ratelimit-Reset", milliseconds), wish),
		throttle("429, RateLimit-Reset as epoch of a clock an hour ahead", throttled, skewedReset(time.Hour, true), wish),
		throttle("429, RateLimit-Reset as epoch of a clock an hour behind", throttled, skewedReset(-time.Hour, true), wish),
		// Without a Date, the server's clock is taken to be right.
		throttle("429, RateLimit-Reset as epoch, no Date", throttled, skewedReset(0, false), wish),
		throttle("429, RateLimit-Reset as epoch of a clock an hour ahead, no Date", closed, skewedReset(time.Hour, false), 0),
		throttle("429, RateLimit-Reset as epoch of a clock an hour behind, no Date", throttled, skewedReset(-time.Hour, false), time.Second),
		// Retry-After counts, unless it is no time.
		throttle("429, Retry-After before a later X-RateLimit-Reset", throttled, both("7", "60"), wish),
		throttle("429, Retry-After behind an earlier X-RateLimit-Reset", throttled, both("7", "1"), wish),
		throttle("429, Retry-After that is no time, and X-RateLimit-Reset", throttled, both("soon", "7"), wish),
		long,
		late.matching(context.DeadlineExceeded),
	}
}
