package upsert

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Panic is the value of the panic in a loop over [All] after a function given to All
// panicked in a goroutine of the run.
type Panic struct {
	// Value is the value of the original panic.
	Value any
	// Stack is the stack trace of the original panic.
	Stack []byte
}

// Error returns the value and the stack trace.
func (p *Panic) Error() string {
	return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack)
}

// Unwrap returns the value if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// crash is how a function of the caller ended without returning: a panic, or
// runtime.Goexit (which testing's FailNow calls) if panicked is nil.
type crash struct{ panicked *Panic }

// catch calls f and sends a crash if f ended without returning.
func catch(f func(), crashes chan<- *crash) {
	returned := false
	defer func() {
		if returned {
			return
		}
		c := &crash{}
		if value := recover(); value != nil { // nil after Goexit: panic(nil) has a value, too
			c.panicked = &Panic{Value: value, Stack: debug.Stack()}
		}
		crashes <- c
	}()
	f()
	returned = true
}

// rethrow continues a crash in the current goroutine.
func (c *crash) rethrow() {
	if c.panicked != nil {
		panic(c.panicked)
	}
	runtime.Goexit()
}
