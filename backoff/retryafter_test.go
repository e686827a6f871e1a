package backoff_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/backoff"
)

var arrived = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	date := func(d time.Duration) string { return arrived.Add(d).Format(http.TimeFormat) }
	tests := []struct {
		name   string
		header map[string]string
		want   time.Duration
		ok     bool
	}{
		{"none", nil, 0, false},
		{"seconds", map[string]string{"Retry-After": "60"}, time.Minute, true},
		{"spaces", map[string]string{"Retry-After": " 60 "}, time.Minute, true},
		{"fraction", map[string]string{"Retry-After": "1.5"}, 1500 * time.Millisecond, true},
		{"zero counts as a second", map[string]string{"Retry-After": "0"}, time.Second, true},
		{"less than a second counts as one", map[string]string{"Retry-After": "0.2"}, time.Second, true},
		{"negative counts as a second", map[string]string{"Retry-After": "-5"}, time.Second, true},
		{"RFC 1123 date", map[string]string{"Retry-After": date(90 * time.Second)}, 90 * time.Second, true},
		{"RFC 850 date", map[string]string{"Retry-After": arrived.Add(time.Minute).Format("Monday, 02-Jan-06 15:04:05 GMT")}, time.Minute, true},
		{"asctime date", map[string]string{"Retry-After": arrived.Add(time.Minute).Format(time.ANSIC)}, time.Minute, true},
		{"date in the past", map[string]string{"Retry-After": date(-time.Hour)}, time.Second, true},
		{"date against the server's clock", map[string]string{"Retry-After": date(time.Hour + 30*time.Second), "Date": date(time.Hour)}, 30 * time.Second, true},
		{"unreadable Date", map[string]string{"Retry-After": date(30 * time.Second), "Date": "yesterday"}, 30 * time.Second, true},
		{"epoch seconds", map[string]string{"Retry-After": "1795420845"}, 45 * time.Second, true},
		{"epoch milliseconds", map[string]string{"Retry-After": "1795420845500"}, 45500 * time.Millisecond, true},
		{"epoch against the server's clock", map[string]string{"Retry-After": "1795420845", "Date": date(15 * time.Second)}, 30 * time.Second, true},
		{"X-RateLimit-Reset", map[string]string{"X-RateLimit-Reset": "1795420810"}, 10 * time.Second, true},
		{"RateLimit-Reset", map[string]string{"RateLimit-Reset": "7"}, 7 * time.Second, true},
		{"Retry-After comes first", map[string]string{"Retry-After": "3", "X-RateLimit-Reset": "9"}, 3 * time.Second, true},
		{"unreadable Retry-After, readable reset", map[string]string{"Retry-After": "soon", "X-RateLimit-Reset": "9"}, 9 * time.Second, true},
		{"several limits", map[string]string{"X-RateLimit-Reset": "7, 7"}, 7 * time.Second, true},
		{"the largest of several limits", map[string]string{"X-RateLimit-Reset": "7, 60,1"}, time.Minute, true},
		{"one of several is unreadable", map[string]string{"RateLimit-Reset": "soon, 7"}, 7 * time.Second, true},
		{"empty", map[string]string{"Retry-After": ""}, 0, false},
		{"word", map[string]string{"Retry-After": "soon"}, 0, false},
		{"hexadecimal", map[string]string{"Retry-After": "0x10"}, 0, false},
		{"exponent", map[string]string{"Retry-After": "1e3"}, 0, false},
		{"infinity", map[string]string{"Retry-After": "Inf"}, 0, false},
		{"not a number", map[string]string{"Retry-After": "NaN"}, 0, false},
		{"two points", map[string]string{"Retry-After": "1.2.3"}, 0, false},
		{"beyond float64", map[string]string{"Retry-After": "9" + string(zeros(400))}, math.MaxInt64, true},
		{"far below zero", map[string]string{"Retry-After": "-9" + string(zeros(400))}, time.Second, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			header := make(http.Header)
			for name, value := range tt.header {
				header.Set(name, value)
			}
			retryAfter, ok := backoff.RetryAfter(header, arrived)
			assert.Equal(t, tt.ok, ok)
			assert.InDelta(t, float64(tt.want), float64(retryAfter), float64(time.Millisecond))
		})
	}
}

func zeros(n int) []byte {
	digits := make([]byte, n)
	for i := range digits {
		digits[i] = '0'
	}
	return digits
}

func TestRetryAfterDoesNotAllocateWithoutHeaders(t *testing.T) {
	header := http.Header{"Content-Type": {"application/json"}}
	assert.Zero(t, testing.AllocsPerRun(100, func() { backoff.RetryAfter(header, arrived) }))
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "60", "1.5", "-1", "1795420845", "1795420845500", "99999999999999999999", "Mon, 23 Nov 2026 08:00:10 GMT", "NaN", "1e999", "."} {
		f.Add(seed, "7", "", "Mon, 23 Nov 2026 08:00:00 GMT")
		f.Add("soon", seed, "9", "")
		f.Add("", "never", seed, "yesterday")
	}
	f.Fuzz(func(t *testing.T, value, reset, draft, date string) {
		all := http.Header{"Retry-After": {value}, "X-Ratelimit-Reset": {reset}, "Ratelimit-Reset": {draft}, "Date": {date}}
		retryAfter, ok := backoff.RetryAfter(all, arrived)
		switch {
		case ok && retryAfter < time.Second:
			t.Errorf("Retry-After %v is below a second", retryAfter)
		case !ok && retryAfter != 0:
			t.Errorf("Retry-After %v without ok", retryAfter)
		}
		if d := (backoff.Policy{}).Delay(1, retryAfter); d < retryAfter {
			t.Errorf("delay %v is shorter than Retry-After %v", d, retryAfter)
		}
		// The first header that can be read is the one that counts.
		for _, name := range []string{"Retry-After", "X-Ratelimit-Reset", "Ratelimit-Reset"} {
			if alone, readable := backoff.RetryAfter(http.Header{name: all[name], "Date": {date}}, arrived); readable {
				if alone != retryAfter {
					t.Errorf("%s alone: %v, all headers: %v", name, alone, retryAfter)
				}
				return
			}
		}
		if ok {
			t.Errorf("Retry-After %v without a header", retryAfter)
		}
	})
}
