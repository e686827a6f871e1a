//go:build unix && !race

package main

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manyRows is an input of n users for all providers.
func manyRows(format string, n int) string {
	var b strings.Builder
	text := "user%d@example.com,Ada,Lovelace,Ada Lovelace,Average,2,cust-%d,+442079460101,PUBLISHER,false,London,%d\n"
	if format == "csv" {
		b.WriteString("email,first_name,last_name,name,heuristic,pricing_id,user_id,phone_number,partoo.role,sso_only,city,score\n")
	} else {
		text = `{"email":"user%d@example.com","first_name":"Ada","last_name":"Lovelace","name":"Ada Lovelace","heuristic":"Average","pricing_id":2,` +
			`"user_id":"cust-%d","phone_number":"+442079460101","partoo":{"role":"PUBLISHER"},"sso_only":false,"city":"London","score":%d}` + "\n"
	}
	for i := range n {
		fmt.Fprintf(&b, text, i, i, i)
	}
	return b.String()
}

// 100,000 rows are read and validated for all providers in 2 s and 200 MB. Processor time
// counts instead of the clock if that is less: other processes may use the machine.
func TestValidationTimeAndMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const rows = 100_000
	for _, format := range []string{"csv", "jsonl"} {
		file := writeFile(t, "users."+format, manyRows(format, rows))
		best, peak := time.Hour, uint64(0)
		for range 5 {
			runtime.GC()
			stopSampling := samplePeakMemory()
			start, used := time.Now(), processorTime(t)
			in, err := readInput(options{file: file, providers: providers()}, nil)
			best = min(best, time.Since(start), processorTime(t)-used)
			peak = stopSampling()
			require.NoError(t, err)
			require.Empty(t, texts(in.Problems))
			require.Len(t, in.Rows, rows)
			if best < 2*time.Second {
				break
			}
		}
		t.Logf("%s: %v, %d MiB", format, best, peak>>20)
		assert.Less(t, best, 2*time.Second, format)
		assert.Less(t, peak, uint64(200<<20), format)
	}
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// samplePeakMemory measures the largest heap until it is stopped, garbage included.
func samplePeakMemory() (stop func() uint64) {
	done, result := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				metrics.Read(sample)
				peak = max(peak, sample[0].Value.Uint64())
			case <-done:
				result <- peak
				return
			}
		}
	}()
	return func() uint64 { close(done); return <-result }
}
