//go:build unix && !race

package main

import (
	"encoding/json"
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

// 100,000 rows are read and validated for all providers in 2 s and 200 MB. On a slow or
// busy machine the limit is a multiple of what encoding/json takes for the same rows.
func TestValidationTimeAndMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const rows = 100_000
	jsonl := manyRows("jsonl", rows)
	limit := max(2*time.Second, 5*processorTime(t, func() {
		for line := range strings.Lines(jsonl) {
			var object map[string]any
			require.NoError(t, json.Unmarshal([]byte(line), &object))
		}
	}))
	selected, err := selectProviders(strings.Split(three, ","))
	require.NoError(t, err)
	for format, text := range map[string]string{"csv": manyRows("csv", rows), "jsonl": jsonl} {
		file := writeFile(t, "users."+format, text)
		runtime.GC()
		before := heap()
		peak := make(chan uint64)
		done := make(chan struct{})
		go func() { peak <- peakHeap(done) }()
		used := processorTime(t, func() {
			in, err := readInput(options{file: file, providers: selected}, nil)
			require.NoError(t, err)
			require.Empty(t, texts(in.Problems))
			require.Len(t, in.Rows, rows)
		})
		close(done)
		memory := <-peak - before
		t.Logf("%s: %v (limit %v), %d MiB", format, used, limit, memory>>20)
		assert.Less(t, used, limit, format)
		assert.Less(t, memory, uint64(200<<20), format)
	}
}

// processorTime is the processor time of the process while f runs, or the time by the
// clock if that is less.
func processorTime(t *testing.T, f func()) time.Duration {
	t.Helper()
	var before, after syscall.Rusage
	start := time.Now()
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &before))
	f()
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &after))
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	return min(time.Since(start), time.Duration(used))
}

// heap is the size of the heap, garbage included.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// peakHeap is the largest heap until done.
func peakHeap(done <-chan struct{}) (peak uint64) {
	for tick := time.NewTicker(time.Millisecond); ; {
		select {
		case <-tick.C:
			peak = max(peak, heap())
		case <-done:
			tick.Stop()
			return peak
		}
	}
}
