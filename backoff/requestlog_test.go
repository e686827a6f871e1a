package backoff

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRequestLogKeepsNewest(t *testing.T) {
	var w requestLog
	w.add(1)
	assert.Empty(t, w.times, "a log without capacity is empty")
	w.reserve(3)
	for _, at := range []int64{10, 30, 20, 40} {
		w.add(at)
	}
	for n, want := range map[int]int64{1: 40, 2: 30, 3: 20} {
		assert.Equal(t, want, w.nthNewest(n))
	}
	assert.Equal(t, longAgo, w.nthNewest(4))
	assert.Equal(t, 2, w.countAfter(20))
	w.remove(30)
	w.remove(30)
	assert.Equal(t, 1, w.countAfter(20))
	w.add(5)
	assert.Equal(t, 3, w.countAfter(0))
}

// The log behaves like a sorted slice of limited length.
func FuzzRequestLog(f *testing.F) {
	f.Add([]byte{3, 1, 200, 2, 9, 9, 9, 255, 7})
	f.Add([]byte{0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		var w requestLog
		keep := int(data[0] % 40)
		w.reserve(keep)
		var model []int64
		now := int64(0)
		for i, b := range data[1:] {
			switch {
			case b < 180:
				now += int64(b % 16)
				at := now - int64(b/16)
				model = append(model, at)
				slices.Sort(model)
				model = model[max(0, len(model)-keep):]
				w.add(at)
			case b < 220 && len(model) > 0:
				at := model[int(b)%len(model)]
				j := slices.Index(model, at)
				model = slices.Delete(model, j, j+1)
				w.remove(at)
			case b < 225:
				keep += i % 8
				w.reserve(keep)
			}
			require.Len(t, w.times, len(model))
			require.LessOrEqual(t, cap(w.times), 2*keep+16)
			for n := range model {
				require.Equal(t, model[len(model)-1-n], w.nthNewest(n+1))
			}
			probe := now - int64(b%8)
			want := 0
			for _, at := range model {
				if at > probe {
					want++
				}
			}
			require.Equal(t, want, w.countAfter(probe))
		}
	})
}
