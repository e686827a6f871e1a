package upsert

// JournalCounts is the number of recorded users by outcome. Done counts results
// without a Result.
type JournalCounts struct{ Created, Updated, Unchanged, Done, Failed int }

// Counts counts the recorded users.
func (j *Journal) Counts() (c JournalCounts) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.users {
		switch {
		case e.Error != "":
			c.Failed++
		case e.Outcome == Created:
			c.Created++
		case e.Outcome == Updated:
			c.Updated++
		case e.Outcome == Unchanged:
			c.Unchanged++
		default:
			c.Done++
		}
	}
	return c
}
