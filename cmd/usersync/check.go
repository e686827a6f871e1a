package main

// inputSummary is what is known of an input without problems.
type inputSummary struct {
	rows     int
	lastLine int                // of the last row
	sum      string             // SHA-256 of the bytes, in hex
	ids      map[string][]int64 // the vendors' own, by provider
}

// validateRows finds everything that is wrong with the rows for one of the
// providers. again yields them once more, in case some are the same user.
func validateRows(rows rowSeq, again func() rowSeq, chosen []provider) (inputSummary, *problems) {
	c := rowValidator{inputSummary: inputSummary{ids: make(map[string][]int64)}, providers: chosen, identities: newIdentityHashes()}
	for r, wrong := range rows {
		switch {
		case r.isHeader():
			c.problems.add(wrong...)
			c.header(r)
		case len(wrong) > 0:
			c.problems.add(wrong...)
		default:
			c.user(r)
		}
	}
	c.problems.join(c.identities.duplicates(again, chosen))
	if c.rows == 0 && c.problems.total == 0 {
		c.problems.add(problem{text: "there are no users in it"})
	}
	return c.inputSummary, &c.problems
}

type rowValidator struct {
	inputSummary
	providers  []provider
	identities *identityHashes
	problems   problems
}

// header looks for the columns that every user needs.
func (c *rowValidator) header(r row) {
	var wrong []problem
	for _, p := range c.providers {
		for _, field := range p.required() {
			if r.missingColumn(p.title(), field) {
				wrong = append(wrong, problem{line: r.line, text: "the column " + field + " is missing", providers: []string{p.title()}})
			}
		}
	}
	c.problems.add(mergeProviders(wrong)...)
}

func (c *rowValidator) user(r row) {
	c.rows++
	c.lastLine = r.line
	var wrong []problem
	for _, p := range c.providers {
		user, more := p.validateRow(r)
		wrong = append(wrong, more...)
		c.identities.add(user.identities)
		if user.id != nil {
			c.ids[p.title()] = append(c.ids[p.title()], *user.id)
		}
	}
	c.identities.endRow()
	c.problems.add(mergeProviders(wrong)...)
}
