package upsert

import (
	"fmt"
	"runtime/debug"
)

// Panic is what the loop over [All] panics with when a function given to All
// panicked.
type Panic struct {
	// Value is what the function panicked with.
	Value any
	// Stack is where, as text.
	Stack []byte
}

// Error tells the value and the stack.
func (p *Panic) Error() string {
	return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack)
}

// Unwrap returns the value when it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// recoverPanic calls f. When f panics or calls runtime.Goexit (testing's FailNow does),
// the run ends and keeps that for its own end.
func (r *run[T, R]) recoverPanic(f func()) {
	returned := false
	defer func() {
		if returned {
			return
		}
		value := recover() // nil after Goexit: panic(nil) has a value too
		r.mu.Lock()
		defer r.mu.Unlock()
		switch {
		case value == nil:
			r.goexited = true
		case r.panicked == nil:
			r.panicked = &Panic{Value: value, Stack: debug.Stack()}
		}
		r.cancel()
	}()
	f()
	returned = true
}
