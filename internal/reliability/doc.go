// Package reliability tests the three wrappers under every fault, with many concurrent
// callers and with random sequences of calls. "make reliability" prints the results.
package reliability
