package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/userfile"
)

func TestDuplicatesAmongOtherProblems(t *testing.T) {
	_, found := readRows(t, three, "csv", lines("user_id,email,name,first_name,last_name,heuristic,pricing_id,partoo.email",
		"1,ada@example.com,A,A,L,Average,1,",
		"1,no-email,A,A,L,Average,1,",
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

// Two providers may have different users with the same email.
func TestSameEmailAtDifferentProvidersIsNoDuplicate(t *testing.T) {
	rows, _ := readRows(t, three, "csv", lines("user_id,identifai.email,name,first_name,last_name,heuristic,pricing_id,partoo.email",
		"1,ada@example.com,A,A,L,Average,1,bea@example.com",
		"2,bea@example.com,A,A,L,Average,1,ada@example.com"))
	assert.Len(t, rows, 2)
}

// The first problems of the file are printed, of any kind.
func TestDuplicatesAreBounded(t *testing.T) {
	var input strings.Builder
	input.WriteString("user_id,email\n")
	for i := range 300 {
		fmt.Fprintf(&input, "%d,%s\n", i%10, []string{"", "no-email"}[i%2])
	}
	_, found := readRows(t, "usercom", "csv", input.String())
	assert.Equal(t, 290+150, found.Total)
	require.Len(t, found.First, 100)
	assert.True(t, slices.IsSortedFunc(found.First, func(a, b userfile.Problem) int { return a.Line - b.Line }))
	assert.Equal(t, "line 3: email: must be an e-mail address like ada@example.com (usercom)", found.First[0].String())
	assert.Equal(t, "line 12: user_id: the same user as on line 2 (usercom)", found.First[5].String())
}
