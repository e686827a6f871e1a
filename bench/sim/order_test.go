package sim

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOvertaken(t *testing.T) {
	for _, c := range []struct {
		name            string
		calls           []*call
		waiting, passed int
	}{
		{"none", nil, 0, 0},
		{"those that leave together", []*call{{queuedAt: 1, sentAt: 5}, {queuedAt: 2, sentAt: 5}, {queuedAt: 3, sentAt: 6}}, 0, 0},
		{"those that came together", []*call{{queuedAt: 1, sentAt: 5}, {queuedAt: 1, sentAt: 4}}, 0, 0},
		{"out of turn", []*call{{queuedAt: 3, sentAt: 7}, {queuedAt: 1, sentAt: 8}, {queuedAt: 2, sentAt: 6}, {queuedAt: 9, sentAt: 9}}, 2, 2},
		{"on its way to a refusal", []*call{{queuedAt: 1, sentAt: 8, refused: []attempt{{2, 6}}}, {queuedAt: 3, sentAt: 5}, {queuedAt: 4, sentAt: 7}}, 1, 2},
	} {
		waiting, passed := overtaken(c.calls)
		assert.Equal(t, c.waiting, waiting, c.name)
		assert.Equal(t, c.passed, passed, c.name)
	}
}
