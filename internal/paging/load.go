package paging

// Loaded tells what [List.Load] did.
type Loaded struct {
	// Loaded is false when there are too many pages.
	Loaded bool
	// Complete means that as many items came as the server says there are, and that
	// it said so on every page. Somebody may still have been missed, when one item
	// went as another came.
	Complete bool
}

// Load reads the whole list and hands each item to keep, unless there are more
// than most pages, which the first page tells: then it stops, and keep may have
// been called. An error ends it.
func (l List[T, ID]) Load(most int64, keep func(T)) (Loaded, error) {
	var last, items int64
	totals := make(map[int64]bool)
	fetch := l.Fetch
	l.Fetch = func(number int64) (Page[T], error) {
		page, err := fetch(number)
		last = page.Last
		totals[page.Total] = true
		return page, err
	}
	for item, err := range l.All() {
		if err != nil {
			return Loaded{}, err
		}
		if last > most {
			return Loaded{}, nil
		}
		keep(item)
		items++
	}
	return Loaded{Loaded: true, Complete: len(totals) == 1 && totals[items]}, nil
}
