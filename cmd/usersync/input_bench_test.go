package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// generated is an input of n users, line by line, that suits all providers.
func generated(format string, n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(w, inputBuffer)
		if format == "csv" {
			fmt.Fprintln(out, "email,first_name,last_name,name,heuristic,pricing_id,user_id,phone_number,partoo.role,sso_only,city,score")
		}
		text := "user%d@example.com,Ada,Lovelace,Ada Lovelace,Average,2,cust-%d,+442079460101,PUBLISHER,false,London,%d\n"
		if format == "jsonl" {
			text = `{"email":"user%d@example.com","first_name":"Ada","last_name":"Lovelace","name":"Ada Lovelace","heuristic":"Average","pricing_id":2,` +
				`"user_id":"cust-%d","phone_number":"+442079460101","partoo":{"role":"PUBLISHER"},"sso_only":false,"city":"London","score":%d}` + "\n"
		}
		for i := range n {
			fmt.Fprintf(out, text, i, i, i)
		}
		w.CloseWithError(out.Flush())
	}()
	return r
}

// BenchmarkCheck is the time of a row, and the most memory that was in use at
// once. A million rows of one format:
//
//	go test -run '^$' -bench Check/csv -benchtime 1x ./cmd/usersync
func BenchmarkCheck(b *testing.B) {
	const n = 1_000_000
	for _, format := range []string{"csv", "jsonl"} {
		path := filepath.Join(b.TempDir(), "users."+format)
		file, err := os.Create(path)
		require.NoError(b, err)
		_, err = io.Copy(file, generated(format, n))
		require.NoError(b, err)
		require.NoError(b, file.Close())
		for _, provider := range []string{"identifai", "partoo", "usercom", "all"} {
			b.Run(format+"/"+provider, func(b *testing.B) {
				chosen, err := selectProviders([]string{provider})
				require.NoError(b, err)
				in, err := openInput(options{file: path, format: format}, nil)
				require.NoError(b, err)
				defer in.Close()
				peak := peakMemory(b)
				b.ReportAllocs()
				for b.Loop() {
					is, found, err := in.check(chosen)
					require.NoError(b, err)
					require.Empty(b, found.first)
					require.Equal(b, n, is.rows)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
				b.ReportMetric(float64(peak())/(1<<20), "peak-MiB")
			})
		}
		b.Run(format+"/rows", func(b *testing.B) {
			in, err := openInput(options{file: path, format: format}, nil)
			require.NoError(b, err)
			defer in.Close()
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range in.rows() {
					require.NoError(b, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}

// peakMemory samples what the heap holds, garbage included.
func peakMemory(b *testing.B) func() uint64 {
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
