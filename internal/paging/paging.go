// Package paging reads lists that a server returns in numbered pages.
package paging

import (
	"fmt"
	"iter"
	"slices"
)

// Page is one page of a list.
type Page[T any] struct {
	Number int64  // as in the response; 0: not in the response
	Last   int64  // number of the last page
	Total  *int64 // number of items on all pages; nil: not in the response
	Items  []T
}

// List is a list in pages. All fields except First are required.
type List[T any, ID comparable] struct {
	// First is the first page to read; nil: page 1.
	First *int64
	// Fetch requests one page.
	Fetch func(number int64) (Page[T], error)
	// ID identifies an item.
	ID func(T) ID
	// NewError returns the error for an invalid page.
	NewError func(message string) error
}

// All yields the items of all pages, each only once even if items move between pages
// meanwhile. A page is fetched when the loop needs it. An error ends the list and is
// yielded with a zero T. A page with another number than requested, or without new
// items before the last page, is an error: otherwise the list might never end, or
// end too early.
func (l List[T, ID]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		number := int64(1)
		if l.First != nil {
			number = *l.First
		}
		seen := make(map[ID]bool)
		isKnown := func(item T) bool {
			id := l.ID(item)
			known := seen[id]
			seen[id] = true
			return known
		}
		for ; ; number++ {
			page, err := l.Fetch(number)
			items := slices.DeleteFunc(slices.Clone(page.Items), isKnown)
			switch {
			case err != nil:
			case page.Number != 0 && page.Number != number: // the server ignores the parameter
				err = l.NewError(fmt.Sprintf("requested page %d, got page %d", number, page.Number))
			case len(items) == 0 && (len(page.Items) > 0 || number < page.Last):
				err = l.NewError(fmt.Sprintf("page %d of %d contains no new users", number, page.Last))
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if number >= page.Last {
				return
			}
		}
	}
}
