package resttest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is something that goes wrong with a request. The zero Fault is none: the
// server acts and answers as it always does. The functions of this package make
// the common ones:
//
//	server.Fail(resttest.Throttle("60"), resttest.LostResponse().On("POST /user"))
type Fault struct {
	// Match chooses the requests; nil: any. It may read the body, of which it is
	// shown the first MiB, and must not call Fail or Heal. See also [Fault.On].
	Match func(*http.Request) bool
	// Times is how many requests meet the fault. 0: one. Negative: all, until
	// [Server.ClearFaults].
	Times int

	// Status, when not 0, is answered instead of what the server would answer,
	// with Header and Body.
	Status int
	// Header is added to the answer, whoever made it, in place of headers of the
	// same name.
	Header http.Header
	// Body is the body that goes with Status.
	Body string
	// Size, when larger than Body is long, pads it with spaces to so many bytes,
	// made while they are sent: JSON stays JSON, and a GiB takes no memory.
	Size int64
	// Execute has the server act before Status is answered: it did what was asked,
	// and its answer does not say so. Without a Status it always acts.
	Execute bool

	// Delay passes before the answer or the cut, after the server acted.
	Delay time.Duration
	// ByteDelay passes before each single byte of the answer's body.
	ByteDelay time.Duration
	// Cut says where the connection is cut.
	Cut Cut
	// CutAfter is how many bytes of the body are sent before CutBody. With more
	// than there are, the end of the body is what is missing.
	CutAfter int
}

// Cut is a place where a connection breaks.
type Cut int

// The places.
const (
	// CutNone: nowhere.
	CutNone Cut = iota
	// CutRequest: before the server acts.
	CutRequest
	// CutResponse: after the server acted, before any of its answer is sent.
	CutResponse
	// CutBody: after CutAfter bytes of the answer's body.
	CutBody
)

// Status answers a status with a JSON message, without acting.
func Status(status int) Fault {
	return Fault{
		Status: status,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   `{"message":"` + http.StatusText(status) + `"}`,
	}
}

// Throttle answers 429 with this Retry-After, or without one when it is empty.
func Throttle(retryAfter string) Fault {
	f := Status(http.StatusTooManyRequests)
	if retryAfter != "" {
		f.Header.Set("Retry-After", retryAfter)
	}
	return f
}

// HTML answers a status with a page, as proxies do.
func HTML(status int) Fault {
	return Fault{
		Status: status,
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		Body:   "<!DOCTYPE html>\n<html><body><h1>" + http.StatusText(status) + "</h1></body></html>\n",
	}
}

// Reset cuts the connection before the server acts.
func Reset() Fault { return Fault{Cut: CutRequest} }

// LostResponse has the server act and cuts the connection before it answers.
func LostResponse() Fault { return Fault{Cut: CutResponse} }

// TruncatedResponse has the server act and cuts the connection after so many bytes of
// its answer's body.
func TruncatedResponse(after int) Fault { return Fault{Cut: CutBody, CutAfter: after} }

// On returns f for the requests that match a pattern of [http.ServeMux], such as
// "POST /v2/user" or "/v2/user/{id}", with the whole path of the URL. It panics
// when the pattern is not one.
func (f Fault) On(pattern string) Fault {
	mux, match := http.NewServeMux(), http.NewServeMux() // of the second, only the address is used
	mux.Handle(pattern, match)
	f.Match = func(r *http.Request) bool {
		// Another handler is a redirect to the path with a slash.
		found, _ := mux.Handler(r)
		return found == match
	}
	return f
}

// Repeat returns f for so many requests; negative: for all, until [Server.ClearFaults].
func (f Fault) Repeat(times int) Fault {
	f.Times = times
	return f
}

// Fail has the next requests meet these faults. A request meets the first fault
// in the list that matches it; faults given earlier come first. It panics when a
// fault has a Status that is none of a final answer, 200 to 999.
func (s *Server) Fail(faults ...Fault) {
	s.faults.add(faults)
}

// ClearFaults drops the faults that no request has met yet.
func (s *Server) ClearFaults() {
	s.faults.clear()
}

// faultList holds the faults to come. Its lock is not that of the recorder, so
// that a Match may look at the requests before.
type faultList struct {
	mu   sync.Mutex
	list []Fault
}

func (l *faultList) add(faults []Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range faults {
		if f.Status != 0 && (f.Status < 200 || f.Status > 999) {
			panic(fmt.Sprintf("resttest: fault with status %d, want 200 to 999", f.Status))
		}
		f.Times = cmp.Or(f.Times, 1)
		l.list = append(l.list, f)
	}
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

// next takes the fault that r meets off the list. body is the body of r as far
// as it is recorded.
func (l *faultList) next(r *http.Request, body []byte) (Fault, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, f := range l.list {
		if !f.matches(r, body) {
			continue
		}
		if f.Times > 0 {
			l.list[i].Times--
		}
		if f.Times == 1 {
			l.list = slices.Delete(l.list, i, i+1)
		}
		return f, true
	}
	return Fault{}, false
}

// matches shows Match a copy of r, so that it may read the body.
func (f Fault) matches(r *http.Request, body []byte) bool {
	if f.Match == nil {
		return true
	}
	shown := r.Clone(r.Context())
	shown.Body = io.NopCloser(bytes.NewReader(body))
	return f.Match(shown)
}
