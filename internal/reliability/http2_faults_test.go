package reliability

import "golang.org/x/net/http2"

func http2Faults() []fault {
	rejectedStream := onWire("HTTP/2 REFUSED_STREAM", harmless, true, streams(func(p h2peer, id uint32) {
		p.do(p.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream))
	}))
	goAway := onWire("HTTP/2 GOAWAY before the request", harmless, true, streams(func(p h2peer, id uint32) {
		p.do(p.framer.WriteGoAway(id-1, http2.ErrCodeNo, nil))
		p.closeWrite()
	}))
	rejectedStream.resent, goAway.resent = 1, 1
	return []fault{
		rejectedStream, goAway,
		onWire("HTTP/2 GOAWAY after the request", lost, false, streams(func(p h2peer, id uint32) {
			p.do(p.framer.WriteGoAway(id, http2.ErrCodeNo, nil))
			p.closeWrite()
		})),
		onWire("HTTP/2 GOAWAY after execution", lost, true, streams(func(p h2peer, id uint32) {
			p.execute(id)
			p.do(p.framer.WriteGoAway(id, http2.ErrCodeInternal, nil))
			p.closeWrite()
		})),
		onWire("HTTP/2 GOAWAY before the response", harmless, true, streams(func(p h2peer, id uint32) {
			p.do(p.framer.WriteGoAway(id, http2.ErrCodeNo, nil))
			p.respond(id, p.execute(id))
		})),
		onWire("HTTP/2 stream reset after execution", lost, true, streams(func(p h2peer, id uint32) {
			p.execute(id)
			p.do(p.framer.WriteRSTStream(id, http2.ErrCodeInternal))
		})),
		onWire("HTTP/2 stream reset in the body", truncated, true, streams(func(p h2peer, id uint32) {
			p.writeHeaders(id, p.execute(id), false)
			p.do(p.framer.WriteData(id, false, []byte("{")))
			p.do(p.framer.WriteRSTStream(id, http2.ErrCodeInternal))
		})),
	}
}
