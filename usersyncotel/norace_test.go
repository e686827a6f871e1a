//go:build !race

package usersyncotel_test

// maxAllocations is how many allocations the observer may add to a call.
const maxAllocations = 10.0
