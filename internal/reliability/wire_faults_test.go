package reliability

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// maxCallTime is how long a call on the wire may take: long for a busy machine, short
// compared with an unexpected wait of the default policy.
const maxCallTime = 10 * time.Second

// wireFaults are the faults that need a connection.
func wireFaults() []fault {
	faults := slices.Concat(dialFaults(), tlsFaults(), resetFaults(), framingFaults(), http2Faults())
	for i := range faults {
		faults[i].takes = maxCallTime
	}
	return faults
}

func onWire(name string, kind kind, executed bool, w wire) fault {
	return fault{name: name, kind: kind, executed: executed, wire: w}
}

func resetFaults() []fault {
	return []fault{
		onWire("reset at the first byte of the request", lost, false, served(func(p peer) {
			_, _ = p.conn.Read(make([]byte, 1))
			p.reset()
		})),
		onWire("reset before the request body", lost, false, served(func(p peer) {
			_, _ = http.ReadRequest(p.in)
			p.reset()
		})),
		onWire("reset after the request", lost, false, served(func(p peer) {
			p.request()
			p.reset()
		})),
		onWire("closed after the request", lost, false, served(func(p peer) { p.request() })),
		onWire("reset after execution", lost, true, served(func(p peer) {
			p.execute(p.request())
			p.reset()
		})),
		onWire("closed in the response headers", lost, true, served(func(p peer) {
			head, _ := p.encode(p.execute(p.request()))
			p.write(head[:len(head)/2])
		})),
		onWire("closed in the response body", truncated, true, served(func(p peer) {
			resp := p.execute(p.request())
			resp.Header.Set("Content-Length", "10000")
			head, body := p.encode(resp)
			p.write(head, body)
		})),
		onWire("response that is not HTTP", lost, true, served(func(p peer) {
			p.execute(p.request())
			p.write([]byte("SSH-2.0-OpenSSH_9.9\r\n"))
		})),
	}
}

func framingFaults() []fault {
	return []fault{
		onWire("100 and 103 before the response", harmless, true, served(func(p peer) {
			resp := p.execute(p.request())
			p.write([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"))
			p.respond(resp)
		})),
		onWire("only a 100", lost, false, served(func(p peer) {
			p.request()
			p.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
		})),
		switching(),
		onWire("body longer than its Content-Length", unreadable, true, served(func(p peer) {
			resp := p.execute(p.request())
			body, _ := io.ReadAll(resp.Body)
			resp.Body = io.NopCloser(bytes.NewReader(body))
			if len(body) > 0 {
				resp.Header.Set("Content-Length", strconv.Itoa(len(body)/2))
			}
			p.respond(resp)
		})),
		onWire("extra response", harmless, true, served(func(p peer) {
			p.respond(p.execute(p.request()))
			p.write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"id\":999999}"))
		})),
		onWire("gzip", harmless, true, served(func(p peer) {
			resp := p.execute(p.request())
			var out bytes.Buffer
			w := gzip.NewWriter(&out)
			if n, _ := io.Copy(w, resp.Body); n > 0 {
				_ = w.Close()
				resp.Body = io.NopCloser(&out)
				resp.Header.Set("Content-Encoding", "gzip")
			}
			p.respond(resp)
		})),
		onWire("truncated gzip", truncated, true, served(func(p peer) {
			resp := p.execute(p.request())
			packed := compressed(1000)
			resp.Body = io.NopCloser(bytes.NewReader([]byte(packed[:len(packed)-9])))
			resp.Header.Set("Content-Encoding", "gzip")
			p.respond(resp)
		})),
	}
}

// switching is an unexpected 101.
func switching() fault {
	f := onWire("status 101", unknownOutcome, true, served(func(p peer) {
		p.execute(p.request())
		p.write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n"))
	}))
	f.status = http.StatusSwitchingProtocols
	return f
}
