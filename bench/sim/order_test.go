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
		{"those that leave together", []*call{{came: 1, left: 5}, {came: 2, left: 5}, {came: 3, left: 6}}, 0, 0},
		{"those that came together", []*call{{came: 1, left: 5}, {came: 1, left: 4}}, 0, 0},
		{"out of turn", []*call{{came: 3, left: 7}, {came: 1, left: 8}, {came: 2, left: 6}, {came: 9, left: 9}}, 2, 2},
		{"on its way to a refusal", []*call{{came: 1, left: 8, refused: []trip{{2, 6}}}, {came: 3, left: 5}, {came: 4, left: 7}}, 1, 2},
	} {
		waiting, passed := overtaken(c.calls)
		assert.Equal(t, c.waiting, waiting, c.name)
		assert.Equal(t, c.passed, passed, c.name)
	}
}
