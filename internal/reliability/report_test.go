package reliability

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
)

var report = flag.Bool("report", false, "print the table of figures that README shows")

// figures are the rows of the table, in the order in which the tests gave them.
var figures struct {
	sync.Mutex
	rows [][2]string
}

// figure adds a row to the table, when t has passed.
func figure(t *testing.T, claim, format string, args ...any) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		figures.Lock()
		defer figures.Unlock()
		figures.rows = append(figures.rows, [2]string{claim, fmt.Sprintf(format, args...)})
	})
}

func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	if *report {
		fmt.Print("| claim | measured |\n|---|---|\n")
		for _, row := range figures.rows {
			fmt.Printf("| %s | %s |\n", row[0], row[1])
		}
	}
	os.Exit(status)
}
