package main

// checked is what is known of an input without problems.
type checked struct {
	rows     int
	lastLine int                // of the last row
	sum      string             // SHA-256 of the bytes, in hex
	ids      map[string][]int64 // the vendors' own, by provider
}

// checkRows finds everything that is wrong with the rows for one of the
// providers. again yields them once more, in case some are the same user.
func checkRows(rows source, again func() source, chosen []provider) (checked, *problems) {
	c := checker{checked: checked{ids: make(map[string][]int64)}, providers: chosen, identities: newIdentityHashes()}
	for r, wrong := range rows {
		switch {
		case r.isHeader():
			c.found.add(wrong...)
			c.header(r)
		case len(wrong) > 0:
			c.found.add(wrong...)
		default:
			c.user(r)
		}
	}
	c.found.join(c.identities.duplicates(again, chosen))
	if c.rows == 0 && c.found.total == 0 {
		c.found.add(problem{text: "there are no users in it"})
	}
	return c.checked, &c.found
}

type checker struct {
	checked
	providers  []provider
	identities *identityHashes
	found      problems
}

// header looks for the columns that every user needs.
func (c *checker) header(r row) {
	var wrong []problem
	for _, p := range c.providers {
		for _, field := range p.required() {
			if r.lacks(p.title(), field) {
				wrong = append(wrong, problem{line: r.line, text: "the column " + field + " is missing", providers: []string{p.title()}})
			}
		}
	}
	c.found.add(merged(wrong)...)
}

func (c *checker) user(r row) {
	c.rows++
	c.lastLine = r.line
	var wrong []problem
	for _, p := range c.providers {
		user, more := p.check(r)
		wrong = append(wrong, more...)
		c.identities.add(user.identities)
		if user.id != nil {
			c.ids[p.title()] = append(c.ids[p.title()], *user.id)
		}
	}
	c.identities.endRow()
	c.found.add(merged(wrong)...)
}
