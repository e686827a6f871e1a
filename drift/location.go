package main

import "strings"

// direction is the way that a value travels.
type direction int

const (
	inRequest direction = iota
	inResponse
	inError  // response with a status other than 2xx
	inHeader // of a response
)

// location is a place in an operation.
type location struct {
	operation string
	part      string // "request application/json", "response 200 application/json"
	// sharedPart names part if several operations share it, "response NotFound".
	sharedPart string
	field      string // ".pricing.id", from the top of the part
	direction  direction
	depth      int

	// The component that the field is in, and the field from its top. shared is
	// set if the vendor uses a component of the same name here.
	component      string
	componentField string
	shared         bool
	// replaced is set below a reference to another component than that of the spec.
	replaced *replacement
}

// replacement is a reference that the vendor changed to another component.
type replacement struct{ from, to string }

// descend returns the location of a field, an item or another inner schema.
func (l location) descend(step string) location {
	l.field += step
	l.componentField += step
	l.depth++
	return l
}

// enter returns the location inside a component.
func (l location) enter(component string, shared bool) location {
	l.component, l.componentField, l.shared = component, "", shared
	return l
}

func join2(a, b string) string { return strings.TrimSpace(a + " " + strings.TrimPrefix(b, ".")) }

// place is the full name of the location in its operation.
func (l location) place() string {
	place := join2(l.part, l.field)
	if l.operation == "" {
		return place
	}
	return strings.TrimSuffix(l.operation+", "+place, ", ")
}

// sharedPlace is the name of the location in what several operations share, or
// else in the operation.
func (l location) sharedPlace() string {
	if l.sharedPart == "" {
		return l.place()
	}
	return join2(l.sharedPart, l.field)
}

// within returns the location of a step below the part.
func (l location) within(step string) location {
	l.part += step
	if l.sharedPart != "" {
		l.sharedPart += step
	}
	return l
}

// componentPlace is the name of the location in its component.
func (l location) componentPlace() string { return join2("schema "+l.component, l.componentField) }
