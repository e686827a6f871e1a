package sim

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOvertaken(t *testing.T) {
	for _, c := range []struct {
		name           string
		calls          []*call
		waiting, total int
	}{
		{"none", nil, 0, 0},
		{"sent together", []*call{{queuedAt: 1, sentAt: 5}, {queuedAt: 2, sentAt: 5}, {queuedAt: 3, sentAt: 6}}, 0, 0},
		{"queued together", []*call{{queuedAt: 1, sentAt: 5}, {queuedAt: 1, sentAt: 4}}, 0, 0},
		{"out of order", []*call{{queuedAt: 3, sentAt: 7}, {queuedAt: 1, sentAt: 8}, {queuedAt: 2, sentAt: 6}, {queuedAt: 9, sentAt: 9}}, 2, 2},
		{"in flight to a 429", []*call{{queuedAt: 1, sentAt: 8, rateLimited: []attempt{{2, 6}}}, {queuedAt: 3, sentAt: 5}, {queuedAt: 4, sentAt: 7}}, 1, 2},
	} {
		waiting, total := overtaken(c.calls)
		assert.Equal(t, c.waiting, waiting, c.name)
		assert.Equal(t, c.total, total, c.name)
	}
}
