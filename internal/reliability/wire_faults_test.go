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

// reaction is how long a call on the wire may take: long for a machine that is
// busy, short beside any wait of the default policy that should not be there.
const reaction = 10 * time.Second

// wireFaults are those that memory cannot show.
func wireFaults() []fault {
	faults := slices.Concat(dialFaults(), tlsFaults(), resetFaults(), framingFaults(), http2Faults())
	for i := range faults {
		faults[i].takes = reaction
	}
	return faults
}

func onWire(name string, kind kind, acted bool, w wire) fault {
	return fault{name: name, kind: kind, acted: acted, wire: w}
}

func resetFaults() []fault {
	return []fault{
		onWire("reset at the first byte of the request", lost, false, served(func(p peer) {
			_, _ = p.conn.Read(make([]byte, 1))
			p.reset()
		})),
		onWire("reset before the body of the request", lost, false, served(func(p peer) {
			_, _ = http.ReadRequest(p.in)
			p.reset()
		})),
		onWire("reset after the request", lost, false, served(func(p peer) {
			p.request()
			p.reset()
		})),
		onWire("closed after the request", lost, false, served(func(p peer) { p.request() })),
		onWire("reset after the server acted", lost, true, served(func(p peer) {
			p.act(p.request())
			p.reset()
		})),
		onWire("closed in the head of the answer", lost, true, served(func(p peer) {
			head, _ := p.text(p.act(p.request()))
			p.write(head[:len(head)/2])
		})),
		onWire("closed in the body of the answer", broken, true, served(func(p peer) {
			resp := p.act(p.request())
			resp.Header.Set("Content-Length", "10000")
			head, body := p.text(resp)
			p.write(head, body)
		})),
		onWire("an answer that is not HTTP", lost, true, served(func(p peer) {
			p.act(p.request())
			p.write([]byte("SSH-2.0-OpenSSH_9.9\r\n"))
		})),
	}
}

func framingFaults() []fault {
	return []fault{
		onWire("100 and 103 before the answer", harmless, true, served(func(p peer) {
			resp := p.act(p.request())
			p.write([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"))
			p.answer(resp)
		})),
		onWire("100 and nothing else", lost, false, served(func(p peer) {
			p.request()
			p.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
		})),
		switching(),
		onWire("body longer than its Content-Length", mangled, true, served(func(p peer) {
			resp := p.act(p.request())
			body, _ := io.ReadAll(resp.Body)
			resp.Body = io.NopCloser(bytes.NewReader(body))
			if len(body) > 0 {
				resp.Header.Set("Content-Length", strconv.Itoa(len(body)/2))
			}
			p.answer(resp)
		})),
		onWire("more after the answer", harmless, true, served(func(p peer) {
			p.answer(p.act(p.request()))
			p.write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"id\":999999}"))
		})),
		onWire("gzip", harmless, true, served(func(p peer) {
			resp := p.act(p.request())
			var out bytes.Buffer
			w := gzip.NewWriter(&out)
			if n, _ := io.Copy(w, resp.Body); n > 0 {
				_ = w.Close()
				resp.Body = io.NopCloser(&out)
				resp.Header.Set("Content-Encoding", "gzip")
			}
			p.answer(resp)
		})),
		onWire("gzip that breaks off", broken, true, served(func(p peer) {
			resp := p.act(p.request())
			packed := compressed(1000)
			resp.Body = io.NopCloser(bytes.NewReader([]byte(packed[:len(packed)-9])))
			resp.Header.Set("Content-Encoding", "gzip")
			p.answer(resp)
		})),
	}
}

// switching is a 101 that nobody asked for.
func switching() fault {
	f := onWire("status 101", unknownOutcome, true, served(func(p peer) {
		p.act(p.request())
		p.write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n"))
	}))
	f.status = http.StatusSwitchingProtocols
	return f
}
