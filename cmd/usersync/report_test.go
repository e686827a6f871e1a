package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnErrorTakesOneLine(t *testing.T) {
	var out bytes.Buffer
	r := newReport(&out, []row{{line: 2}, {line: 10}})
	tally := r.provider("partoo", newWaitLog(&out))
	r.user(tally, 2, result{user: "ada@example.com", err: errors.Join(errors.New("refused"), errors.New("\x1b[2J"))})
	assert.Equal(t, "partoo     line  2  failed     -  ada@example.com  refused  [2J\n", out.String())
}
