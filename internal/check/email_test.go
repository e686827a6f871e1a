package check

import "testing"

// What passes as a plain address passes the parser.
func FuzzPlainAddress(f *testing.F) {
	for _, seed := range []string{"ada@example.com", "a.b-c_d@x", "a..b@x", ".a@x", "a@x.", "@x", "a@", "a", "", "a@b@c", "-a@-x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if isPlainAddress(value) && !isAddress(value) {
			t.Errorf("%q is no address", value)
		}
	})
}
