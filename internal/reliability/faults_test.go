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

// fault is a failure of one request, or of all requests from one on.
type fault struct {
	name string
	kind kind
	// Exactly one of these makes the fault: the fake, a change of its response, or the wire.
	memory func(now time.Time) resttest.Fault
	alter  func(*http.Response, []byte) []byte
	wire   wire

	status     int           // of the error
	executed   bool          // the server executes the request
	takes      time.Duration // at most, without waits
	retryAfter time.Duration // the wait that the server asks for
	deadline   time.Duration // of the caller; 0: none
	matches    []error       // in addition to the sentinel of the status
	resent     int           // requests that net/http sends again
	// The limits of the number of attempts, if it depends on jitter.
	minAttempts, maxAttempts int
}

const (
	// attemptTimeout is the default timeout of an attempt.
	attemptTimeout = 30 * time.Second
	// responseLimit is the limit of response bodies in these tests.
	responseLimit = 128 << 10
)

// memoryFaults are the faults that need no connection.
func memoryFaults() []fault {
	return slices.Concat(cutFaults(), slowFaults(), bodyFaults(), alteredFaults(), statusFaults(), rateLimitFaults(), permanentFaults())
}

// inMemory is a fault that the fake makes.
func inMemory(name string, kind kind, f resttest.Fault) fault {
	return fault{
		name: name, kind: kind, status: f.Status,
		executed: f.Cut != resttest.CutRequest && (f.Execute || f.Status == 0),
		memory:   func(time.Time) resttest.Fault { return f },
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

func (f fault) withDeadline(d time.Duration) fault {
	f.deadline = d
	return f.matching(context.DeadlineExceeded)
}

// permanent repeats the fault for all further requests.
func (f fault) permanent() fault {
	once := f.memory
	f.memory = func(now time.Time) resttest.Fault { return once(now).Repeat(-1) }
	return f
}

func cutFaults() []fault {
	return []fault{
		inMemory("reset before execution", lost, resttest.Reset()),
		inMemory("lost response", lost, resttest.LostResponse()),
		inMemory("body cut at its start", truncated, resttest.TruncatedResponse(0)),
		inMemory("body cut after 5 bytes", truncated, resttest.TruncatedResponse(5)),
	}
}

func slowFaults() []fault {
	slowError := resttest.Status(http.StatusForbidden)
	slowError.ByteDelay = 10 * time.Second
	return []fault{
		inMemory("slow headers", harmless, resttest.Fault{Delay: 20 * time.Second}).taking(20 * time.Second),
		inMemory("slow headers, over the timeout", lost, resttest.Fault{Delay: 40 * time.Second}).taking(attemptTimeout),
		inMemory("slow headers, over the caller's deadline", deadlineExceeded, resttest.Fault{Delay: 10 * time.Second}).taking(time.Second).withDeadline(time.Second),
		inMemory("slow body", harmless, resttest.Fault{ByteDelay: time.Millisecond}).taking(5 * time.Second),
		inMemory("slow body, over the timeout", truncated, resttest.Fault{ByteDelay: 20 * time.Second}).taking(attemptTimeout),
		inMemory("slow body of an error response", rejected, slowError).taking(3 * time.Second),
	}
}

// success is a 2xx in place of the server's response to an executed request.
func success(status int, body string) resttest.Fault {
	return resttest.Fault{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, Execute: true}
}

func bodyFaults() []fault {
	bomb, notGzip := success(200, compressed(16*responseLimit)), success(200, `{"id":7}`)
	bomb.Header.Set("Content-Encoding", "gzip")
	notGzip.Header.Set("Content-Encoding", "gzip")
	long, longError := success(200, "{}"), resttest.Status(http.StatusInternalServerError)
	long.Size, longError.Size = 2*responseLimit, 1<<20
	executed := resttest.HTML(200)
	executed.Execute = true
	return []fault{
		inMemory("gzip bomb", oversized, bomb).matching(rest.ErrTooLarge),
		inMemory("oversized body", oversized, long).matching(rest.ErrTooLarge),
		inMemory("invalid gzip", truncated, notGzip),
		inMemory("oversized error response", unavailable, longError),
		inMemory("status 204", unusable, success(204, "")),
		inMemory("empty body", unusable, success(200, "")),
		inMemory("blank body", unusable, success(200, " \r\n")),
		inMemory("null", unusable, success(200, "null")),
		inMemory("number", unusable, success(200, "7")),
		inMemory("empty object", unusable, success(200, "{}")),
		inMemory("not JSON", unusable, success(200, "OK")),
		inMemory("HTML page instead of a response", htmlPage, resttest.HTML(200)),
		inMemory("HTML page after execution", htmlPage, executed),
	}
}

// compressed returns an empty object and size spaces, compressed.
func compressed(size int) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write([]byte("{}" + strings.Repeat(" ", size)))
	if err != nil || w.Close() != nil {
		panic("writing to memory failed")
	}
	return out.String()
}

func statusFaults() (faults []fault) {
	for kind, statuses := range map[kind][]int{
		redirected:     {301, 302, 307, 308},
		rejected:       {400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 431},
		tooEarly:       {425},
		unknownOutcome: {501, 529, 599},
		unavailable:    {408, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530},
	} {
		for _, status := range statuses {
			response := resttest.Status(status)
			if kind == redirected {
				response.Header.Set("Location", "https://elsewhere.test/")
			}
			faults = append(faults, inMemory(fmt.Sprintf("status %d", status), kind, response))
		}
	}
	executed, lateGateway := resttest.Status(http.StatusInternalServerError), resttest.HTML(http.StatusGatewayTimeout)
	executed.Execute, lateGateway.Execute = true, true
	busy := resttest.Status(http.StatusServiceUnavailable)
	busy.Header.Set("Retry-After", "7")
	busyFault := inMemory("status 503 with Retry-After", unavailable, busy)
	busyFault.retryAfter = 7 * time.Second
	faults = append(faults, busyFault,
		inMemory("status 500 after execution", unavailable, executed),
		inMemory("HTML page 504 after execution", unavailable, lateGateway),
		inMemory("HTML page 400", rejected, resttest.HTML(400)),
		inMemory("HTML page 403", rejected, resttest.HTML(403)),
		inMemory("HTML page 404", rejected, resttest.HTML(404)),
		inMemory("HTML page 500", unavailable, resttest.HTML(500)),
		inMemory("HTML page 502", unavailable, resttest.HTML(502)),
	)
	slices.SortFunc(faults, func(a, b fault) int { return strings.Compare(a.name, b.name) })
	return faults
}

// permanentFaults do not end.
func permanentFaults() []fault {
	plain := rateLimit("permanent 429", alwaysRateLimited, nil, 0)
	seven := rateLimit("permanent 429 with Retry-After", alwaysRateLimited, header("Retry-After", "7"), 0)
	// In five minutes at most one attempt every 7 s. The pacer's waits grow, so there are fewer.
	plain.minAttempts, plain.maxAttempts = 6, 12
	seven.minAttempts, seven.maxAttempts = 15, 43
	return []fault{
		inMemory("permanent reset", alwaysLost, resttest.Reset()).permanent(),
		inMemory("permanent 503", alwaysUnavailable, resttest.Status(503)).permanent(),
		plain.permanent(), seven.permanent(),
	}
}
