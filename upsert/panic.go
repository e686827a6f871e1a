package upsert

import (
	"fmt"
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

// catch calls f. If f ends without returning, it sends the panic, or nil after
// runtime.Goexit, which testing's FailNow calls.
func catch(f func(), crashes chan<- *Panic) {
	returned := false
	defer func() {
		if returned {
			return
		}
		var p *Panic
		if value := recover(); value != nil { // nil after Goexit: panic(nil) has a value, too
			p = &Panic{Value: value, Stack: debug.Stack()}
		}
		crashes <- p
	}()
	f()
	returned = true
}
