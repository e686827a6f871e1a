package resttest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/usersync/usersync/backoff"
)

// A Fault changes how the server handles a request. The zero Fault changes nothing:
// the fake executes the request and responds. [Status] and other functions return the
// common faults.
type Fault struct {
	// Match selects the requests, nil: all. It may read the body, which is limited to
	// 1 MiB, and must not call Fail or ClearFaults. See also [Fault.On].
	Match func(*http.Request) bool
	// Times is the number of requests with the fault. 0: one. Negative: all, until
	// [Server.ClearFaults].
	Times int

	// Status, if not 0, replaces the response of the fake by one with Header and Body.
	Status int
	// Header is added to the response and replaces headers of the same name.
	Header http.Header
	// Body is the body of the response with Status.
	Body string
	// Size, if larger than the length of Body, is the size to which Body is padded
	// with spaces. They are generated while they are sent: JSON stays valid, and a
	// GiB takes no memory.
	Size int64
	// Execute makes the fake execute the request before Status is returned: the
	// client cannot know that it was executed. Without a Status the fake always
	// executes it.
	Execute bool

	// Delay is the time between the execution and the response or the cut.
	Delay time.Duration
	// ByteDelay is the time before each byte of the response body.
	ByteDelay time.Duration
	// Cut is where the connection is cut.
	Cut Cut
	// CutAfter is the number of bytes of the body that are sent before CutBody. If the
	// body is shorter, only its end is missing.
	CutAfter int
}

// Cut is where a connection is cut.
type Cut int

// The values of Cut. By default it is not cut.
const (
	// CutRequest: before the request is executed.
	CutRequest Cut = iota + 1
	// CutResponse: after the request was executed, before the response.
	CutResponse
	// CutBody: after CutAfter bytes of the response body.
	CutBody
)

// Status returns a fault with this status and a JSON message. The request is not
// executed.
func Status(status int) Fault {
	return Fault{
		Status: status,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   `{"message":"` + http.StatusText(status) + `"}`,
	}
}

// Throttle returns a 429 with this Retry-After, or without one if it is empty.
func Throttle(retryAfter string) Fault {
	f := Status(http.StatusTooManyRequests)
	if retryAfter != "" {
		f.Header.Set("Retry-After", retryAfter)
	}
	return f
}

// HTML returns a status with an HTML page, as proxies do.
func HTML(status int) Fault {
	return Fault{
		Status: status,
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		Body:   "<!DOCTYPE html>\n<html><body><h1>" + http.StatusText(status) + "</h1></body></html>\n",
	}
}

// Reset cuts the connection before the request is executed.
func Reset() Fault { return Fault{Cut: CutRequest} }

// LostResponse cuts the connection between the execution and the response.
func LostResponse() Fault { return Fault{Cut: CutResponse} }

// TruncatedResponse cuts the connection after this number of bytes of the response
// body. The request is executed.
func TruncatedResponse(after int) Fault { return Fault{Cut: CutBody, CutAfter: after} }

// On returns f for the requests that match a pattern of [http.ServeMux], for example
// "POST /v2/user" or "/v2/user/{id}". The pattern contains the whole path of the
// URL. On panics if the pattern is invalid.
func (f Fault) On(pattern string) Fault {
	mux, match := http.NewServeMux(), http.NewServeMux() // match is only compared
	mux.Handle(pattern, match)
	f.Match = func(r *http.Request) bool {
		// Any other handler redirects to the path with a slash.
		handler, _ := mux.Handler(r)
		return handler == match
	}
	return f
}

// Repeat returns f with Times.
func (f Fault) Repeat(times int) Fault {
	f.Times = times
	return f
}

// Fail adds faults for the next requests. A request gets the first fault that
// matches it, in the order in which they were added. Fail panics if the Status of a
// fault is not that of a final response, 200 to 999.
func (s *Server) Fail(faults ...Fault) {
	s.faultsLock.Lock()
	defer s.faultsLock.Unlock()
	for _, f := range faults {
		if f.Status != 0 && (f.Status < 200 || f.Status > 999) {
			panic(fmt.Sprintf("resttest: fault with status %d, want 200 to 999", f.Status))
		}
		f.Times = cmp.Or(f.Times, 1)
		s.faults = append(s.faults, f)
	}
}

// ClearFaults removes the faults that no request has had yet.
func (s *Server) ClearFaults() {
	s.faultsLock.Lock()
	defer s.faultsLock.Unlock()
	s.faults = nil
}

// nextFault returns the fault of r, whose recorded body is body, and counts it.
func (s *Server) nextFault(r *http.Request, body []byte) (Fault, bool) {
	s.faultsLock.Lock()
	defer s.faultsLock.Unlock()
	i := slices.IndexFunc(s.faults, func(f Fault) bool {
		if f.Match == nil {
			return true
		}
		clone := r.Clone(r.Context()) // Match may read the body
		clone.Body = io.NopCloser(bytes.NewReader(body))
		return f.Match(clone)
	})
	if i < 0 {
		return Fault{}, false
	}
	f := s.faults[i]
	switch {
	case f.Times == 1:
		s.faults = slices.Delete(s.faults, i, i+1)
	case f.Times > 1:
		s.faults[i].Times--
	}
	return f, true
}

// serve responds to r as f says. It calls setStatus before it sends the response.
func (f Fault) serve(w http.ResponseWriter, r *http.Request, handler http.Handler, setStatus func(status int)) {
	padding := io.LimitReader(spaceReader{}, max(0, f.Size-int64(len(f.Body))))
	status, header, body := f.Status, http.Header(nil), io.MultiReader(strings.NewReader(f.Body), padding)
	if f.Cut != CutRequest && (f.Execute || f.Status == 0) {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r)
		if f.Status == 0 {
			resp := recorder.Result()
			status, header, body = resp.StatusCode, resp.Header, resp.Body
		}
	}
	disconnected := f.Delay > 0 && backoff.Sleep(r.Context(), f.Delay) != nil
	if disconnected || f.Cut == CutRequest || f.Cut == CutResponse {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), header)
	maps.Copy(w.Header(), f.Header)
	setStatus(status)
	w.WriteHeader(status)
	if f.Cut == CutBody {
		body = io.LimitReader(body, int64(f.CutAfter))
	}
	f.send(r.Context(), w, body)
	if f.Cut == CutBody {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// send writes body until it ends, or the client disconnects.
func (f Fault) send(ctx context.Context, w http.ResponseWriter, body io.Reader) {
	if f.ByteDelay <= 0 {
		_, _ = io.Copy(w, body)
		return
	}
	in, flush := bufio.NewReader(body), http.NewResponseController(w).Flush
	for {
		b, err := in.ReadByte()
		if err != nil || flush() != nil || backoff.Sleep(ctx, f.ByteDelay) != nil {
			return
		}
		_, _ = w.Write([]byte{b}) // flush returns an error, if there is one
	}
}

// spaceReader is an endless sequence of spaces.
type spaceReader struct{}

func (spaceReader) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
