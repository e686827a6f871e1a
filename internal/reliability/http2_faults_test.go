package reliability

import "golang.org/x/net/http2"

func http2Faults() []fault {
	refusedStream := onWire("HTTP/2 REFUSED_STREAM", harmless, true, streams(func(p h2peer, id uint32) {
		p.do(p.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream))
	}))
	goAway := onWire("HTTP/2 GOAWAY before the request", harmless, true, streams(func(p h2peer, id uint32) {
		p.do(p.framer.WriteGoAway(id-1, http2.ErrCodeNo, nil))
		p.hangUp()
	}))
	refusedStream.resent, goAway.resent = 1, 1
	return []fault{
		refusedStream, goAway,
		onWire("HTTP/2 GOAWAY after the request", lost, false, streams(func(p h2peer, id uint32) {
			p.do(p.framer.WriteGoAway(id, http2.ErrCodeNo, nil))
			p.hangUp()
		})),
		onWire("HTTP/2 GOAWAY after the server acted", lost, true, streams(func(p h2peer, id uint32) {
			p.act(id)
			p.do(p.framer.WriteGoAway(id, http2.ErrCodeInternal, nil))
			p.hangUp()
		})),
		onWire("HTTP/2 GOAWAY before the answer", harmless, true, streams(func(p h2peer, id uint32) {
			p.do(p.framer.WriteGoAway(id, http2.ErrCodeNo, nil))
			p.answer(id, p.act(id))
		})),
		onWire("HTTP/2 stream reset after the server acted", lost, true, streams(func(p h2peer, id uint32) {
			p.act(id)
			p.do(p.framer.WriteRSTStream(id, http2.ErrCodeInternal))
		})),
		onWire("HTTP/2 stream reset in the body", broken, true, streams(func(p h2peer, id uint32) {
			p.head(id, p.act(id), false)
			p.do(p.framer.WriteData(id, false, []byte("{")))
			p.do(p.framer.WriteRSTStream(id, http2.ErrCodeInternal))
		})),
	}
}
