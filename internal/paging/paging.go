// Package paging walks lists that come in numbered pages.
package paging

import (
	"fmt"
	"iter"
)

// Page is one page of a list.
type Page[T any] struct {
	Number int64 // as the server says; 0: it does not
	Last   int64 // number of the last page
	Total  int64 // of items on all pages; negative: the server does not say
	Items  []T
}

// List is a list in pages. All fields are required but First.
type List[T any, ID comparable] struct {
	// First is the page to begin with; nil: page 1.
	First *int64
	// Fetch gets one page.
	Fetch func(number int64) (Page[T], error)
	// ID tells items apart.
	ID func(T) ID
	// NewError makes the error for pages that cannot be what was asked for.
	NewError func(message string) error
}

// All yields the items on all pages, each once even where pages shift while they
// are walked. Pages are fetched as the loop gets to them. An error ends the list;
// it is yielded with a zero T. Pages that would make the list never end, or end
// before its end, are an error.
func (l List[T, ID]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		number := int64(1)
		if l.First != nil {
			number = *l.First
		}
		seen := make(map[ID]bool)
		for ; ; number++ {
			page, err := l.Fetch(number)
			if err != nil {
				yield(none, err)
				return
			}
			fresh := l.newItems(page.Items, seen)
			if problem := page.problem(number, len(fresh)); problem != "" {
				yield(none, l.NewError(problem))
				return
			}
			for _, item := range fresh {
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

// newItems returns the items that are not in seen, and adds them.
func (l List[T, ID]) newItems(items []T, seen map[ID]bool) []T {
	var fresh []T
	for _, item := range items {
		if id := l.ID(item); !seen[id] {
			seen[id] = true
			fresh = append(fresh, item)
		}
	}
	return fresh
}

// problem refuses a page that is not the one asked for, as it comes when the
// server ignores the parameter, and one that brings nothing new although more is
// to come or something stands on it.
func (p Page[T]) problem(asked int64, fresh int) string {
	switch {
	case p.Number != 0 && p.Number != asked:
		return fmt.Sprintf("page %d was asked for, page %d came", asked, p.Number)
	case fresh == 0 && (len(p.Items) > 0 || asked < p.Last):
		return fmt.Sprintf("page %d of %d brings no new users", asked, p.Last)
	}
	return ""
}
