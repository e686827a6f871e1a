package reliability

import (
	"net/http"
	"strconv"
	"time"

	"github.com/usersync/usersync/rest/resttest"
)

// headers returns the headers of a 429 at a time.
type headers func(now time.Time) http.Header

// rateLimit is a 429 with headers and the wait that they state.
func rateLimit(name string, kind kind, headers headers, retryAfter time.Duration) fault {
	return fault{
		name: name, kind: kind, status: http.StatusTooManyRequests, retryAfter: retryAfter,
		memory: func(now time.Time) resttest.Fault {
			f := resttest.Throttle("")
			if headers != nil {
				for name, values := range headers(now) {
					f.Header[name] = values
				}
			}
			return f
		},
	}
}

func header(name, value string) headers {
	return func(time.Time) http.Header { return http.Header{name: {value}} }
}

// shortWait is the wait of most of these 429s.
const shortWait = 7 * time.Second

// in7s is a header with the time in seven seconds.
func in7s(name string, format func(time.Time) string) headers {
	return func(now time.Time) http.Header { return http.Header{name: {format(now.Add(shortWait))}} }
}

func layout(layout string) func(time.Time) string {
	return func(at time.Time) string { return at.UTC().Format(layout) }
}

func epoch(at time.Time) string       { return strconv.FormatInt(at.Unix(), 10) }
func epochMillis(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

// clock is in7s by a clock that is off by an offset, with or without a Date header.
func clock(offset time.Duration, date bool, name string, format func(time.Time) string) headers {
	return func(now time.Time) http.Header {
		now = now.Add(offset).UTC()
		header := in7s(name, format)(now)
		header["Date"] = nil // nil suppresses the header
		if date {
			header.Set("Date", now.Format(http.TimeFormat))
		}
		return header
	}
}

func retryAfterAndReset(retryAfter, reset string) headers {
	return func(time.Time) http.Header {
		return http.Header{"Retry-After": {retryAfter}, "X-Ratelimit-Reset": {reset}}
	}
}

// rateLimitFaults are 429s with each format of each header. Without a wait, or with one in
// the past, the request is retried after a second or more.
func rateLimitFaults() (faults []fault) {
	imfDate := layout(http.TimeFormat)
	for _, f := range []struct {
		name    string
		headers headers
		wait    time.Duration
	}{
		{"429", nil, time.Second},
		{"429, Retry-After in seconds", header("Retry-After", "7"), shortWait},
		{"429, Retry-After with a fraction", header("Retry-After", "7.25"), shortWait + 250*time.Millisecond},
		{"429, Retry-After: 0", header("Retry-After", "0"), time.Second},
		{"429, negative Retry-After", header("Retry-After", "-7"), time.Second},
		{"429, invalid Retry-After", header("Retry-After", "soon"), time.Second},
		{"429, Retry-After as RFC 1123 date", in7s("Retry-After", imfDate), shortWait},
		{"429, Retry-After as RFC 850 date", in7s("Retry-After", layout("Monday, 02-Jan-06 15:04:05 GMT")), shortWait},
		{"429, Retry-After as asctime date", in7s("Retry-After", layout(time.ANSIC)), shortWait},
		{"429, Retry-After as date in the past", clock(-time.Hour, false, "Retry-After", imfDate), time.Second},
		{"429, Retry-After as epoch seconds", in7s("Retry-After", epoch), shortWait},
		{"429, Retry-After as epoch milliseconds", in7s("Retry-After", epochMillis), shortWait},
		{"429, Retry-After as date, clock one hour fast", clock(time.Hour, true, "Retry-After", imfDate), shortWait},
		{"429, Retry-After as date, clock one hour slow", clock(-time.Hour, true, "Retry-After", imfDate), shortWait},
		{"429, X-RateLimit-Reset in seconds", header("X-Ratelimit-Reset", "7"), shortWait},
		{"429, X-RateLimit-Reset as epoch seconds", in7s("X-Ratelimit-Reset", epoch), shortWait},
		{"429, RateLimit-Reset in seconds", header("Ratelimit-Reset", "7"), shortWait},
		{"429, RateLimit-Reset as epoch milliseconds", in7s("Ratelimit-Reset", epochMillis), shortWait},
		{"429, RateLimit-Reset as epoch, clock one hour fast", clock(time.Hour, true, "Ratelimit-Reset", epoch), shortWait},
		{"429, RateLimit-Reset as epoch, clock one hour slow", clock(-time.Hour, true, "Ratelimit-Reset", epoch), shortWait},
		// Without a Date header the server's clock is taken to be right.
		{"429, RateLimit-Reset as epoch, no Date", clock(0, false, "Ratelimit-Reset", epoch), shortWait},
		{"429, RateLimit-Reset as epoch, clock one hour slow, no Date", clock(-time.Hour, false, "Ratelimit-Reset", epoch), time.Second},
		// A valid Retry-After takes precedence.
		{"429, Retry-After before a later X-RateLimit-Reset", retryAfterAndReset("7", "60"), shortWait},
		{"429, Retry-After after an earlier X-RateLimit-Reset", retryAfterAndReset("7", "1"), shortWait},
		{"429, invalid Retry-After and X-RateLimit-Reset", retryAfterAndReset("soon", "7"), shortWait},
	} {
		faults = append(faults, rateLimit(f.name, rateLimited, f.headers, f.wait))
	}
	return append(faults,
		rateLimit("429, RateLimit-Reset as epoch, clock one hour fast, no Date", waitTooLong, clock(time.Hour, false, "Ratelimit-Reset", epoch), 0),
		rateLimit("429, Retry-After over two minutes", waitTooLong, header("Retry-After", "121"), 0),
		rateLimit("429, Retry-After over the caller's deadline", waitTooLong, header("Retry-After", "60"), 0).withDeadline(10*time.Second),
	)
}
