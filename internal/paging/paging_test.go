package paging_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/paging"
)

var errFetch = errors.New("fetch failed")

// walk returns the items that a list of these pages yields, and the number of fetches.
func walk(t *testing.T, first *int64, stop int, pages map[int64]paging.Page[int]) (items []int, fetched int, err error) {
	t.Helper()
	list := paging.List[int, int]{
		First: first,
		Fetch: func(number int64) (paging.Page[int], error) {
			fetched++
			page, ok := pages[number]
			if !ok {
				return page, errFetch
			}
			return page, nil
		},
		ID:       func(item int) int { return item },
		NewError: func(message string) error { return errors.New(message) },
	}
	for item, failed := range list.All() {
		require.NoError(t, err, "an error ends the list")
		if failed != nil {
			assert.Zero(t, item)
			err = failed
			continue
		}
		items = append(items, item)
		if len(items) == stop {
			break
		}
	}
	return items, fetched, err
}

func TestAll(t *testing.T) {
	type pages map[int64]paging.Page[int]
	tests := []struct {
		name    string
		first   *int64
		stop    int
		pages   pages
		want    []int
		fetched int
		problem string
	}{
		{"three pages", nil, 0, pages{1: {Number: 1, Last: 3, Items: []int{1, 2}}, 2: {Number: 2, Last: 3, Items: []int{3, 4}}, 3: {Number: 3, Last: 3, Items: []int{5}}}, []int{1, 2, 3, 4, 5}, 3, ""},
		{"from page 2", new(int64(2)), 0, pages{2: {Number: 2, Last: 3, Items: []int{3}}, 3: {Number: 3, Last: 3, Items: []int{4}}}, []int{3, 4}, 2, ""},
		{"no items", nil, 0, pages{1: {Number: 1, Last: 1, Items: nil}}, nil, 1, ""},
		{"no page numbers in responses", nil, 0, pages{1: {Number: 0, Last: 2, Items: []int{1}}, 2: {Number: 0, Last: 2, Items: []int{2}}}, []int{1, 2}, 2, ""},
		{"loop ends early", nil, 1, pages{1: {Number: 1, Last: 3, Items: []int{1, 2}}}, []int{1}, 1, ""},
		{"item moved to the next page", nil, 0, pages{1: {Number: 1, Last: 2, Items: []int{1, 2}}, 2: {Number: 2, Last: 2, Items: []int{2, 3}}}, []int{1, 2, 3}, 2, ""},
		{"fetch fails", nil, 0, pages{1: {Number: 1, Last: 2, Items: []int{1}}}, []int{1}, 2, "fetch failed"},
		{"page is ignored", nil, 0, pages{1: {Number: 1, Last: 3, Items: []int{1}}, 2: {Number: 1, Last: 3, Items: []int{1}}}, []int{1}, 2, "requested page 2, got page 1"},
		{"pages repeat", nil, 0, pages{1: {Number: 0, Last: 3, Items: []int{1}}, 2: {Number: 0, Last: 3, Items: []int{1}}}, []int{1}, 2, "page 2 of 3 contains no new users"},
		{"empty page", nil, 0, pages{1: {Number: 1, Last: 3, Items: []int{1}}, 2: {Number: 2, Last: 3, Items: nil}}, []int{1}, 2, "page 2 of 3 contains no new users"},
		{"last page repeats", nil, 0, pages{1: {Number: 0, Last: 2, Items: []int{1}}, 2: {Number: 0, Last: 2, Items: []int{1}}}, []int{1}, 2, "page 2 of 2 contains no new users"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			items, fetched, err := walk(t, tt.first, tt.stop, tt.pages)
			assert.Equal(t, tt.want, items)
			assert.Equal(t, tt.fetched, fetched)
			if tt.problem == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.problem)
		})
	}
}
