// Package reliability holds the tests that set the three wrappers against every
// fault there is, many callers at once, and chance. "make reliability" prints
// what they found.
package reliability
