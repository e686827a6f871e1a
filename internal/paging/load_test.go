package paging_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/paging"
)

func TestLoad(t *testing.T) {
	type pages []paging.Page[int]
	three := pages{{Last: 3, Total: new(int64(5)), Items: []int{1, 2}}, {Last: 3, Total: new(int64(5)), Items: []int{3, 4}}, {Last: 3, Total: new(int64(5)), Items: []int{5}}}
	tests := []struct {
		name     string
		maxPages int64
		pages    pages
		want     paging.Loaded
		fetched  int
		problem  string
	}{
		{"complete", 3, three, paging.Loaded{Loaded: true, Complete: true}, 3, ""},
		{"too many pages", 2, three, paging.Loaded{}, 1, ""},
		{"no items", 1, pages{{Last: 1, Total: new(int64(0))}}, paging.Loaded{Loaded: true, Complete: true}, 1, ""},
		{"no items and no pages", 1, pages{{Total: new(int64(0))}}, paging.Loaded{Loaded: true, Complete: true}, 1, ""},
		{"more pages meanwhile", 2, pages{{Last: 2, Total: new(int64(2)), Items: []int{1}}, {Last: 3, Total: new(int64(3)), Items: []int{2}}}, paging.Loaded{}, 2, ""},
		{"one missing", 3, pages{{Last: 1, Total: new(int64(2)), Items: []int{1}}}, paging.Loaded{Loaded: true}, 1, ""},
		{"one too many", 3, pages{{Last: 1, Total: new(int64(1)), Items: []int{1, 2}}}, paging.Loaded{Loaded: true}, 1, ""},
		{"total changes", 3, pages{{Last: 2, Total: new(int64(3)), Items: []int{1}}, {Last: 2, Total: new(int64(2)), Items: []int{2}}}, paging.Loaded{Loaded: true}, 2, ""},
		{"no total", 3, pages{{Last: 1, Items: []int{1}}}, paging.Loaded{Loaded: true}, 1, ""},
		{"moved item", 3, pages{{Last: 2, Total: new(int64(3)), Items: []int{1, 2}}, {Last: 2, Total: new(int64(3)), Items: []int{2}}, {}}, paging.Loaded{}, 2, "page 2 of 2 contains no new users"},
		{"fetch fails", 3, three[:1], paging.Loaded{}, 2, "fetch failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fetched, kept := 0, 0
			list := paging.List[int, int]{
				Fetch: func(number int64) (paging.Page[int], error) {
					fetched++
					if int(number) > len(tt.pages) {
						return paging.Page[int]{}, errFetch
					}
					return tt.pages[number-1], nil
				},
				ID:       func(item int) int { return item },
				NewError: func(message string) error { return errors.New(message) },
			}
			loaded, err := list.Load(tt.maxPages, func(int) { kept++ })
			assert.Equal(t, tt.want, loaded)
			assert.Equal(t, tt.fetched, fetched)
			if tt.problem != "" {
				require.EqualError(t, err, tt.problem)
				return
			}
			require.NoError(t, err)
			if loaded.Complete {
				assert.EqualValues(t, *tt.pages[0].Total, kept)
			}
		})
	}
}
