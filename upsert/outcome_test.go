package upsert_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/usersync/usersync/upsert"
)

func TestOutcomeString(t *testing.T) {
	assert.Equal(t, "created", upsert.Created.String())
	assert.Equal(t, "updated", upsert.Updated.String())
	assert.Equal(t, "unchanged", upsert.Unchanged.String())
	assert.Equal(t, "Outcome(0)", upsert.Outcome(0).String())
	assert.Equal(t, "Outcome(9)", upsert.Outcome(9).String())
}
