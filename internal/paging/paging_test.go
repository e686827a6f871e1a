package paging_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/paging"
)

var errFetch = errors.New("no answer")

// walk returns what a list of these pages yields, and how many were fetched.
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
		{"nobody", nil, 0, pages{1: {Number: 1, Last: 1, Items: nil}}, nil, 1, ""},
		{"no page numbers in answers", nil, 0, pages{1: {Number: 0, Last: 2, Items: []int{1}}, 2: {Number: 0, Last: 2, Items: []int{2}}}, []int{1, 2}, 2, ""},
		{"broken off", nil, 1, pages{1: {Number: 1, Last: 3, Items: []int{1, 2}}}, []int{1}, 1, ""},
		{"shifted pages", nil, 0, pages{1: {Number: 1, Last: 2, Items: []int{1, 2}}, 2: {Number: 2, Last: 2, Items: []int{2, 3}}}, []int{1, 2, 3}, 2, ""},
		{"fetch fails", nil, 0, pages{1: {Number: 1, Last: 2, Items: []int{1}}}, []int{1}, 2, "no answer"},
		{"page is ignored", nil, 0, pages{1: {Number: 1, Last: 3, Items: []int{1}}, 2: {Number: 1, Last: 3, Items: []int{1}}}, []int{1}, 2, "page 2 was asked for, page 1 came"},
		{"pages repeat", nil, 0, pages{1: {Number: 0, Last: 3, Items: []int{1}}, 2: {Number: 0, Last: 3, Items: []int{1}}}, []int{1}, 2, "page 2 of 3 brings no new users"},
		{"hole", nil, 0, pages{1: {Number: 1, Last: 3, Items: []int{1}}, 2: {Number: 2, Last: 3, Items: nil}}, []int{1}, 2, "page 2 of 3 brings no new users"},
		{"last page repeats", nil, 0, pages{1: {Number: 0, Last: 2, Items: []int{1}}, 2: {Number: 0, Last: 2, Items: []int{1}}}, []int{1}, 2, "page 2 of 2 brings no new users"},
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
