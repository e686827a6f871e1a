package main

import (
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDuplicatesAmongOtherProblems(t *testing.T) {
	_, found := readRows(t, "all", "csv", lines("user_id,email,name,first_name,last_name,heuristic,pricing_id,partoo.email",
		"1,ada@example.com,A,A,L,Average,1,",
		"1,nobody,A,A,L,Average,1,",
		"2,bea@example.com,A,A,L,Average,1,ada@example.com",
		"2,,A,A,L,Average,1,x@example.com",
		"4,bea@example.com,A,A,L,Average,1,ada@example.org",
		"5,5,A"))
	assert.Equal(t, []string{
		"line 3: email: must be an e-mail address like ada@example.com (identifai, partoo, usercom)",
		"line 3: user_id: the same user as on line 2 (usercom)",
		"line 4: partoo.email: the same user as on line 2 (partoo)",
		"line 5: email: is required (identifai)",
		"line 5: user_id: the same user as on line 4 (usercom)",
		"line 6: email: the same user as on line 4 (identifai)",
		"line 7: has 3 cells, the header has 8",
	}, texts(found))
}

// An address of one user here may be that of another user there.
func TestSameEmailAtDifferentProvidersIsNoDuplicate(t *testing.T) {
	rows, _ := readRows(t, "all", "csv", lines("user_id,identifai.email,name,first_name,last_name,heuristic,pricing_id,partoo.email",
		"1,ada@example.com,A,A,L,Average,1,bea@example.com",
		"2,bea@example.com,A,A,L,Average,1,ada@example.com"))
	assert.Len(t, rows, 2)
}

// The problems that are shown are the first ones of the file, whatever they are.
func TestDuplicatesAreBounded(t *testing.T) {
	var input strings.Builder
	input.WriteString("user_id,email\n")
	for i := range 300 {
		fmt.Fprintf(&input, "%d,%s\n", i%10, []string{"", "nobody"}[i%2])
	}
	_, found := readRows(t, "usercom", "csv", input.String())
	assert.Equal(t, 290+150, found.total)
	require.Len(t, found.first, maxProblems)
	assert.True(t, slices.IsSortedFunc(found.first, func(a, b problem) int { return a.line - b.line }))
	assert.Equal(t, "line 3: email: must be an e-mail address like ada@example.com (usercom)", found.first[0].String())
	assert.Equal(t, "line 12: user_id: the same user as on line 2 (usercom)", found.first[5].String())
}

// liveHeap is what is in use, without garbage.
func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestMemoryOfIdentities(t *testing.T) {
	const n = 100_000
	before := liveHeap()
	h := newIdentityHashes()
	for i := range n {
		h.add([]uniqueValue{{"email", fmt.Sprintf("user%d@example.com", i)}, {"id", ""}})
		h.add([]uniqueValue{{"email", fmt.Sprintf("user%d@example.com", i)}})
		h.endRow()
	}
	assert.Less(t, (liveHeap()-before)/n, int64(16), "bytes a row")
	assert.Empty(t, h.repeatedHashes())
}

// What a check keeps of a row is its hashes, and of two readings at a time there
// is nothing else.
func TestMemoryOfCheck(t *testing.T) {
	const first, last = 4_000, 12_000
	for _, format := range []string{"csv", "jsonl"} {
		var heap [2]int64
		rows := weighed(decodeRows(generated(format, last), format), map[int]*int64{first: &heap[0], last: &heap[1]})
		is, found := validateRows(rows, nil, []provider{partooTable()})
		require.Empty(t, texts(found))
		require.Equal(t, last, is.rows)
		assert.Less(t, (heap[1]-heap[0])/(last-first), int64(24), "bytes a row of %s", format)
	}
}

// weighed notes the live heap when so many rows have passed.
func weighed(rows rowSeq, at map[int]*int64) rowSeq {
	return func(yield func(row, []problem) bool) {
		next, stop := iter.Pull2(rows)
		defer stop()
		for n := 0; ; {
			r, wrong, ok := next()
			if !ok || !yield(r, wrong) {
				return
			}
			if r.texts != nil {
				n++
			}
			if heap := at[n]; heap != nil {
				*heap = liveHeap()
			}
		}
	}
}
