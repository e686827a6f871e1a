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

var report = flag.Bool("report", false, "print the table of figures that README shows")

// figures are the rows of the table.
var figures struct {
	sync.Mutex
	rows []*row
}

type row struct {
	test, claim, measured string
	shown                 bool
}

// figure adds a row to the table, to be shown when t has passed.
func figure(t *testing.T, claim, format string, args ...any) {
	t.Helper()
	figures.Lock()
	defer figures.Unlock()
	r := &row{test: t.Name(), claim: claim, measured: fmt.Sprintf(format, args...)}
	figures.rows = append(figures.rows, r)
	t.Cleanup(func() {
		figures.Lock()
		defer figures.Unlock()
		r.shown = !t.Failed()
	})
}

func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	if *report {
		// Parallel tests end in any order; the rows of one come in its own.
		slices.SortStableFunc(figures.rows, func(a, b *row) int { return strings.Compare(a.test, b.test) })
		fmt.Print("| claim | measured |\n|---|---|\n")
		for _, r := range figures.rows {
			if r.shown {
				fmt.Printf("| %s | %s |\n", r.claim, r.measured)
			}
		}
	}
	os.Exit(status)
}
