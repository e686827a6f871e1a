package backoff_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

func TestPacerMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heap := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc + m.HeapObjects<<40
		}
		p := newPacer(t, quotas(backoff.Quota{N: 10_000, Per: time.Hour}))
		before := heap()
		for range 30_000 {
			require.NoError(t, call(t.Context(), p, ok))
		}
		after := heap()
		assert.Less(t, int64(after>>40)-int64(before>>40), int64(1000), "heap objects")
		assert.Less(t, int64(after&(1<<40-1))-int64(before&(1<<40-1)), int64(200_000), "bytes")
		runtime.KeepAlive(p)
	})
}

func TestPacerAllocations(t *testing.T) {
	p := newPacer(t, quotas(backoff.Quota{N: 1 << 20, Per: time.Hour}, backoff.Quota{N: 1 << 19, Per: time.Minute}))
	n := testing.AllocsPerRun(1000, func() {
		ticket := p.Ticket("POST")
		if ticket.Wait(t.Context(), 5*time.Minute) == nil {
			ticket.Done(200, 0)
		}
	})
	assert.LessOrEqual(t, n, 2.0)
}

func BenchmarkPacerUncontended(b *testing.B) {
	p := newPacer(b, quotas(backoff.Quota{N: 1 << 20, Per: time.Nanosecond}, backoff.Quota{N: 1 << 19, Per: time.Microsecond}))
	b.ReportAllocs()
	for b.Loop() {
		ticket := p.Ticket("POST")
		if ticket.Wait(b.Context(), 5*time.Minute) == nil {
			ticket.Done(200, 0)
		}
	}
}

func BenchmarkPacerContended(b *testing.B) {
	for _, goroutines := range []int{1, 8, 64, 512} {
		b.Run(fmt.Sprint(goroutines), func(b *testing.B) {
			p := newPacer(b, quotas(backoff.Quota{N: 1 << 20, Per: time.Nanosecond}))
			b.ReportAllocs()
			var wg sync.WaitGroup
			for range goroutines {
				wg.Go(func() {
					for range b.N / goroutines {
						ticket := p.Ticket("POST")
						if ticket.Wait(b.Context(), 5*time.Minute) == nil {
							ticket.Done(200, 0)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
