package upsert

import "hash/maphash"

const pageSize = 512

// journalSet holds what a journal says of each user in 8 bytes: a hash of the
// key and what became of the user. Users are found by their index.
type journalSet struct {
	pages map[int]*[pageSize]mark
	seed  maphash.Seed
	count [failed + 1]int
}

// mark is a hash of the key, shifted by 3 bits, and a state. The hash only shows
// that the input has changed; users are not told apart by it.
type mark uint64

// The states of a mark are those of Outcome and these.
const (
	none   = 0
	done   = uint64(Unchanged) + 1
	failed = uint64(Unchanged) + 2
)

func (m mark) state() uint64 { return uint64(m) & 7 }

func newJournalSet() journalSet {
	return journalSet{pages: map[int]*[pageSize]mark{}, seed: maphash.MakeSeed()}
}

// mark of the key; one of an empty key has no bit set beyond the state.
func (s *journalSet) mark(key string, state uint64) mark {
	if key == "" {
		return mark(state)
	}
	return mark(maphash.String(s.seed, key)<<3 | state)
}

// has reports whether there is an entry for this user.
func (s *journalSet) has(index int, key string) bool {
	page := s.pages[index/pageSize]
	if page == nil {
		return false
	}
	m := page[index%pageSize]
	return m.state() != none && m == s.mark(key, m.state())
}

// add puts an entry in the place of the one before it for the same index.
func (s *journalSet) add(e Entry) {
	state := uint64(e.Outcome)
	switch {
	case e.Error != "":
		state = failed
	case e.Outcome == 0:
		state = done
	}
	page := s.pages[e.Index/pageSize]
	if page == nil {
		page = new([pageSize]mark)
		s.pages[e.Index/pageSize] = page
	}
	s.set(&page[e.Index%pageSize], s.mark(e.Key, state))
}

func (s *journalSet) set(place *mark, m mark) {
	s.count[place.state()]--
	s.count[m.state()]++
	*place = m
}

// retry forgets the users that failed, and those of the same key that came after
// them: upserting the earlier one again would otherwise undo the later one.
func (s *journalSet) retry() {
	if s.count[failed] == 0 {
		return
	}
	first := map[uint64]int{} // hash of a key to the first index that failed
	for number, page := range s.pages {
		for i, m := range page {
			index, hash := number*pageSize+i, uint64(m)>>3
			if before, ok := first[hash]; m.state() == failed && (!ok || index < before) {
				first[hash] = index
			}
		}
	}
	for number, page := range s.pages {
		for i, m := range page {
			index, hash := number*pageSize+i, uint64(m)>>3
			from, ok := first[hash]
			if m.state() == failed || ok && hash != 0 && m.state() != none && index > from {
				s.set(&page[i], 0)
			}
		}
	}
}
