package resttest

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// serve responds to r as f says. It calls setStatus before it sends the response.
func (f Fault) serve(w http.ResponseWriter, r *http.Request, handler http.Handler, setStatus func(status int)) {
	status, header, body := f.Status, http.Header(nil), f.body()
	if f.Cut != CutRequest && (f.Execute || f.Status == 0) {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r)
		if f.Status == 0 {
			resp := recorder.Result()
			status, header, body = resp.StatusCode, resp.Header, resp.Body
		}
	}
	if sleep(r.Context(), f.Delay) != nil || f.Cut == CutRequest || f.Cut == CutResponse {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), header)
	maps.Copy(w.Header(), f.Header)
	setStatus(status)
	w.WriteHeader(status)
	f.send(r.Context(), w, body)
}

// body returns Body, padded to Size.
func (f Fault) body() io.Reader {
	padding := f.Size - int64(len(f.Body))
	return io.MultiReader(strings.NewReader(f.Body), io.LimitReader(spaceReader{}, max(padding, 0)))
}

// send writes body until it ends, it is cut, or the client disconnects.
func (f Fault) send(ctx context.Context, w http.ResponseWriter, body io.Reader) {
	if f.Cut == CutBody {
		body = io.LimitReader(body, int64(f.CutAfter))
	}
	out := io.Writer(w)
	if f.ByteDelay > 0 {
		out = slowWriter{ctx, w, f.ByteDelay}
	}
	_, _ = io.Copy(out, body) // an error means that the client has disconnected
	if f.Cut == CutBody {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// slowWriter waits before each byte.
type slowWriter struct {
	ctx  context.Context
	w    http.ResponseWriter
	wait time.Duration
}

func (t slowWriter) Write(p []byte) (int, error) {
	flush := http.NewResponseController(t.w).Flush
	for i := range p {
		if err := flush(); err != nil {
			return i, err
		}
		if err := sleep(t.ctx, t.wait); err != nil {
			return i, err
		}
		if _, err := t.w.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), flush()
}

// sleep waits for d, or until the client disconnects.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spaceReader is an endless sequence of spaces.
type spaceReader struct{}

func (spaceReader) Read(p []byte) (int, error) {
	for n := copy(p, " "); 0 < n && n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
	return len(p), nil
}
