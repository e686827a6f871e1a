package reliability

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

var report = flag.Bool("report", false, "run the long forms of tests and print the table of docs/reliability.md")

// figures are the rows of the table.
var figures struct {
	sync.Mutex
	rows []*row
}

type row struct {
	test, claim, measured string
	passed                bool
}

// figure adds a row to the table. It is printed if t passes.
func figure(t *testing.T, claim, format string, args ...any) {
	t.Helper()
	figures.Lock()
	defer figures.Unlock()
	r := &row{test: t.Name(), claim: claim, measured: fmt.Sprintf(format, args...)}
	figures.rows = append(figures.rows, r)
	t.Cleanup(func() {
		figures.Lock()
		defer figures.Unlock()
		r.passed = !t.Failed()
	})
}

func TestMain(m *testing.M) {
	flag.Parse()
	// Most tests wait for a network connection or a timer.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("16")
	}
	status := m.Run()
	if *report {
		// Parallel tests end in any order; the rows of one test stay in order.
		slices.SortStableFunc(figures.rows, func(a, b *row) int { return strings.Compare(a.test, b.test) })
		fmt.Print("| claim | measured |\n|---|---|\n")
		for _, r := range figures.rows {
			if r.passed {
				fmt.Printf("| %s | %s |\n", r.claim, r.measured)
			}
		}
	}
	os.Exit(status)
}
