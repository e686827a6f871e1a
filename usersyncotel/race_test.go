//go:build race

package usersyncotel_test

// The race detector makes sync.Pool drop values at random.
const maxAllocations = 13.0
