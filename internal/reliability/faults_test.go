package reliability

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// fault is something that goes wrong with one request, or from one on.
type fault struct {
	name string
	kind kind
	// How it is made: by a server in memory, to its true answer, or on the wire.
	memory func(now time.Time) resttest.Fault
	alter  func(*http.Response, []byte) []byte
	wire   wire

	status  int           // of the error
	acted   bool          // the server did what was asked all the same
	takes   time.Duration // how long it takes, at most, waits apart
	wish    time.Duration // the wait the server asks for
	patient time.Duration // how long the caller waits at most, 0: for ever
	matches []error       // beside what the status says
	resent  int           // requests that net/http sends again by itself
	// attempts are the fewest and the most where their number depends on jitter.
	attempts [2]int
}

// attemptTimeout is how long an attempt lasts at most (README).
const attemptTimeout = 30 * time.Second

// memoryFaults are those that need no wire.
func memoryFaults() []fault {
	return slices.Concat(cutFaults(), slowFaults(), bodyFaults(), alteredFaults(), statusFaults(), throttleFaults(), lastingFaults())
}

// made is a fault that a server in memory makes.
func made(name string, kind kind, f resttest.Fault) fault {
	return fault{
		name: name, kind: kind, status: f.Status,
		acted:  f.Cut != resttest.CutRequest && (f.Execute || f.Status == 0),
		memory: func(time.Time) resttest.Fault { return f },
	}
}

func (f fault) taking(d time.Duration) fault {
	f.takes = d
	return f
}

func (f fault) matching(errs ...error) fault {
	f.matches = errs
	return f
}

func cutFaults() []fault {
	return []fault{
		made("reset before the server acts", lost, resttest.Reset()),
		made("answer lost", lost, resttest.LostResponse()),
		made("body cut at once", broken, resttest.TruncatedResponse(0)),
		made("broken body", broken, resttest.TruncatedResponse(5)),
	}
}

func slowFaults() []fault {
	late := made("slow headers, too slow", lost, resttest.Fault{Delay: 40 * time.Second}).taking(attemptTimeout)
	abandoned := made("slow headers, and the caller gives up", abandoned, resttest.Fault{Delay: 10 * time.Second}).taking(time.Second)
	abandoned.patient = time.Second
	return []fault{
		made("slow headers", harmless, resttest.Fault{Delay: 20 * time.Second}).taking(20 * time.Second),
		late,
		made("trickled body", harmless, resttest.Fault{ByteDelay: time.Millisecond}).taking(5 * time.Second),
		made("trickled body, too slow", broken, resttest.Fault{ByteDelay: 20 * time.Second}).taking(attemptTimeout),
		made("trickled refusal", refused, trickled(resttest.Status(http.StatusForbidden))).taking(3 * time.Second),
		abandoned.matching(context.DeadlineExceeded),
	}
}

func trickled(f resttest.Fault) resttest.Fault {
	f.ByteDelay = 10 * time.Second
	return f
}

// answered is a 2xx in place of the server's own, which acted.
func answered(status int, body string) resttest.Fault {
	return resttest.Fault{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, Execute: true}
}

// limit is the most bytes of an answer that are read in these tests.
const limit = 128 << 10

func bodyFaults() []fault {
	bomb, notGzip := answered(200, compressed(16*limit)), answered(200, `{"id":7}`)
	bomb.Header.Set("Content-Encoding", "gzip")
	notGzip.Header.Set("Content-Encoding", "gzip")
	long, longRefusal := answered(200, "{}"), resttest.Status(http.StatusInternalServerError)
	long.Size, longRefusal.Size = 2*limit, 1<<20
	acted := resttest.HTML(200)
	acted.Execute = true
	return []fault{
		made("gzip bomb", oversized, bomb).matching(rest.ErrTooLarge),
		made("oversized body", oversized, long).matching(rest.ErrTooLarge),
		made("gzip that is none", broken, notGzip),
		made("oversized error response", unavailable, longRefusal),
		made("status 204", unusable, answered(204, "")),
		made("empty body", unusable, answered(200, "")),
		made("blank body", unusable, answered(200, " \r\n")),
		made("null", unusable, answered(200, "null")),
		made("a number", unusable, answered(200, "7")),
		made("an object without anything", unusable, answered(200, "{}")),
		made("not JSON", unusable, answered(200, "OK")),
		made("HTML page instead of an answer", page, resttest.HTML(200)),
		made("HTML page after the server acted", page, acted),
	}
}

// compressed is an empty object and so many spaces, compressed.
func compressed(size int) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write([]byte("{}" + strings.Repeat(" ", size)))
	if err != nil || w.Close() != nil {
		panic("writing to memory failed")
	}
	return out.String()
}

func statusFaults() []fault {
	var faults []fault
	for kind, statuses := range map[kind][]int{
		redirected:     {301, 302, 307, 308},
		refused:        {400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 431},
		tooEarly:       {425},
		unknownOutcome: {501, 529, 599},
		unavailable:    {408, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530},
	} {
		for _, status := range statuses {
			answer := resttest.Status(status)
			if kind == redirected {
				answer.Header.Set("Location", "https://elsewhere.test/")
			}
			faults = append(faults, made(fmt.Sprintf("status %d", status), kind, answer))
		}
	}
	acted := resttest.Status(http.StatusInternalServerError)
	acted.Execute = true
	lateGateway := resttest.HTML(http.StatusGatewayTimeout)
	lateGateway.Execute = true
	busy := resttest.Status(http.StatusServiceUnavailable)
	busy.Header.Set("Retry-After", "7")
	asking := made("status 503 with Retry-After", unavailable, busy)
	asking.wish = 7 * time.Second
	faults = append(faults, asking,
		made("status 500 after the server acted", unavailable, acted),
		made("HTML page 504 after the server acted", unavailable, lateGateway),
		made("HTML page 400", refused, resttest.HTML(400)),
		made("HTML page 403", refused, resttest.HTML(403)),
		made("HTML page 404", refused, resttest.HTML(404)),
		made("HTML page 500", unavailable, resttest.HTML(500)),
		made("HTML page 502", unavailable, resttest.HTML(502)),
	)
	slices.SortFunc(faults, func(a, b fault) int { return strings.Compare(a.name, b.name) })
	return faults
}

// lastingFaults do not heal.
func lastingFaults() []fault {
	seven := throttle("429 for ever, with Retry-After", limited, func(time.Time) http.Header { return http.Header{"Retry-After": {"7"}} }, 0)
	plain := throttle("429 for ever", limited, nil, 0)
	// In the five minutes of a call: one every 7 s at most. The pacer waits a little
	// longer each time, so they are fewer.
	plain.attempts, seven.attempts = [2]int{6, 12}, [2]int{28, 43}
	return []fault{
		made("reset for ever", gone, resttest.Reset()).lasting(),
		made("status 503 for ever", down, resttest.Status(503)).lasting(),
		plain.lasting(),
		seven.lasting(),
	}
}

func (f fault) lasting() fault {
	once := f.memory
	f.memory = func(now time.Time) resttest.Fault { return once(now).Repeat(-1) }
	return f
}
