package upsert

import "hash/maphash"

const pageSize = 512

// journalState holds what a journal says of each user in 8 bytes: a hash of the
// key and what became of the user. Users are found by their index.
type journalState struct {
	pages map[int]*[pageSize]packedState
	seed  maphash.Seed
	count [stateFailed + 1]int
}

// packedState is a hash of the key, shifted by 3 bits, and a state. The hash only shows
// that the input has changed; users are not told apart by it.
type packedState uint64

// The states of a mark are those of Outcome and these.
const (
	noEntry     = 0
	stateDone   = uint64(Unchanged) + 1
	stateFailed = uint64(Unchanged) + 2
)

func (m packedState) state() uint64 { return uint64(m) & 7 }

func newJournalSet() journalState {
	return journalState{pages: map[int]*[pageSize]packedState{}, seed: maphash.MakeSeed()}
}

// pack of the key; one of an empty key has no bit set beyond the state.
func (s *journalState) pack(key string, state uint64) packedState {
	if key == "" {
		return packedState(state)
	}
	return packedState(maphash.String(s.seed, key)<<3 | state)
}

// has reports whether there is an entry for this user.
func (s *journalState) has(index int, key string) bool {
	page := s.pages[index/pageSize]
	if page == nil {
		return false
	}
	m := page[index%pageSize]
	return m.state() != noEntry && m == s.pack(key, m.state())
}

// add puts an entry in the place of the one before it for the same index.
func (s *journalState) add(e Entry) {
	state := uint64(e.Outcome)
	switch {
	case e.Error != "":
		state = stateFailed
	case e.Outcome == 0:
		state = stateDone
	}
	page := s.pages[e.Index/pageSize]
	if page == nil {
		page = new([pageSize]packedState)
		s.pages[e.Index/pageSize] = page
	}
	s.replace(&page[e.Index%pageSize], s.pack(e.Key, state))
}

func (s *journalState) replace(place *packedState, m packedState) {
	s.count[place.state()]--
	s.count[m.state()]++
	*place = m
}

// dropFailed forgets the users that failed, and those of the same key that came after
// them: upserting the earlier one again would otherwise undo the later one.
func (s *journalState) dropFailed() {
	if s.count[stateFailed] == 0 {
		return
	}
	first := map[uint64]int{} // hash of a key to the first index that failed
	for number, page := range s.pages {
		for i, m := range page {
			index, hash := number*pageSize+i, uint64(m)>>3
			if before, ok := first[hash]; m.state() == stateFailed && (!ok || index < before) {
				first[hash] = index
			}
		}
	}
	for number, page := range s.pages {
		for i, m := range page {
			index, hash := number*pageSize+i, uint64(m)>>3
			from, ok := first[hash]
			if m.state() == stateFailed || ok && hash != 0 && m.state() != noEntry && index > from {
				s.replace(&page[i], 0)
			}
		}
	}
}
