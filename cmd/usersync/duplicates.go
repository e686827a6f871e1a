package main

import (
	"fmt"
	"hash/maphash"
	"slices"
)

// identityHashes remembers the identities of all rows in 8 bytes each, and about
// 2 more for growing. A value that two providers have from the same cell counts once:
// a million rows with an address and a user_id take 20 MB.
//
// That is not enough to tell where an identity was seen before, or to be sure of
// it. But most files have no duplicates, and one that has some is read again with
// an eye to those alone, see [duplicates].
type identityHashes struct {
	seed maphash.Seed
	// By the first byte: small slices leave less behind when they grow.
	hashes [256][]uint64
	row    []uint64
}

func newIdentityHashes() *identityHashes { return &identityHashes{seed: maphash.MakeSeed()} }

func (h *identityHashes) hash(id uniqueValue) uint64 { return hashTexts(h.seed, id.field, id.value) }

// add takes the identities of one row.
func (h *identityHashes) add(all []uniqueValue) {
	for _, id := range all {
		if sum := h.hash(id); id.value != "" && !slices.Contains(h.row, sum) {
			h.row = append(h.row, sum)
		}
	}
}

// endRow is called when all providers have added theirs.
func (h *identityHashes) endRow() {
	for _, sum := range h.row {
		bucket := &h.hashes[sum>>56]
		*bucket = append(*bucket, sum)
	}
	h.row = h.row[:0]
}

// repeatedHashes returns what more than one row has, in order. Nothing can be added
// afterwards.
func (h *identityHashes) repeatedHashes() []uint64 {
	var more []uint64
	for i, bucket := range h.hashes {
		slices.Sort(bucket)
		for j := 1; j < len(bucket); j++ {
			if bucket[j] == bucket[j-1] && (len(more) == 0 || more[len(more)-1] != bucket[j]) {
				more = append(more, bucket[j])
			}
		}
		h.hashes[i] = nil
	}
	return more
}

// hashTexts does not take ("ab", "c") for ("a", "bc").
func hashTexts(seed maphash.Seed, texts ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, text := range texts {
		_, _ = h.WriteString(text)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// duplicateFinder finds the rows of one user, reading again. Users are told apart by
// two independent hashes, 128 bits: that two of a million users have both in
// common is less likely than 10^-26.
type duplicateFinder struct {
	providers []provider
	hashes    *identityHashes
	repeated  []uint64
	seed      maphash.Seed
	lines     map[[2]uint64]int // where it was seen first
}

func (h *identityHashes) duplicates(rows func() rowSeq, chosen []provider) (found problems) {
	d := duplicateFinder{chosen, h, h.repeatedHashes(), maphash.MakeSeed(), make(map[[2]uint64]int)}
	if len(d.repeated) == 0 {
		return found
	}
	for r, wrong := range rows() {
		if len(wrong) == 0 && !r.isHeader() {
			found.add(mergeProviders(d.find(r))...)
		}
	}
	return found
}

// find says which earlier row is the same user.
func (d *duplicateFinder) find(r row) (wrong []problem) {
	for _, p := range d.providers {
		user, _ := p.validateRow(r)
		for _, id := range user.identities {
			if line := d.firstLine(p.title(), id, r.line); line > 0 {
				column, _ := r.lookup(p.title(), id.field)
				text := fmt.Sprintf("the same user as on line %d", line)
				wrong = append(wrong, problem{line: r.line, column: column, text: text, providers: []string{p.title()}})
			}
		}
	}
	return wrong
}

// firstLine returns the line on which an identity was seen first, or 0.
func (d *duplicateFinder) firstLine(provider string, id uniqueValue, line int) int {
	key := [2]uint64{d.hashes.hash(id), hashTexts(d.seed, provider, id.field, id.value)}
	if _, more := slices.BinarySearch(d.repeated, key[0]); !more || id.value == "" {
		return 0
	}
	first, seen := d.lines[key]
	if !seen {
		d.lines[key] = line
	}
	return first
}
