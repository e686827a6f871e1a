package backoff

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A server that refuses although hardly anything was sent has no such window, and
// nobody must wait for one that grows and grows.
func TestPacerDropsLearnedWindowWithoutEffect(t *testing.T) {
	c := newClass(QuotaSet{}, PacerConfig{}, time.Now())
	span := int64(time.Minute)
	w := newWindow(1000, span)
	refusals := 0
	for now := int64(time.Hour); w.limit > 0; now += span {
		c.log.add(now)
		w.on429(c, now)
		refusals++
		assert.LessOrEqual(t, w.span, span*3/2)
		if !assert.Less(t, refusals, 10) {
			break
		}
	}
	assert.Equal(t, 7, refusals)
	assert.Zero(t, w)
}
