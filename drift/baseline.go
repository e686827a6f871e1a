package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// baselineFile is next to the specs. It is not YAML: every specs/*.yaml is a
// provider.
const baselineFile = "drift-baseline.json"

// baseline contains what was accepted, by provider. It is not reported again.
type baseline struct {
	file     string
	accepted map[string]*acceptance
}

// acceptance is what was accepted of one provider.
type acceptance struct {
	// OutOfScope lists known operations that usersync does not use, each with the
	// reason.
	OutOfScope map[string]string `json:"out_of_scope,omitempty"`
	// Changes lists accepted differences. They are compared by id; the rest is for
	// the reader.
	Changes []acceptedChange `json:"changes,omitempty"`
	// DeadLinks lists problems of pages that do not exist (404 or 410).
	DeadLinks []string `json:"dead_links,omitempty"`
}

type acceptedChange struct {
	Change
	Reason string `json:"reason,omitempty"`
}

func readBaseline(specs string) (*baseline, error) {
	b := &baseline{file: filepath.Join(specs, baselineFile), accepted: make(map[string]*acceptance)}
	text, err := os.ReadFile(b.file)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b.accepted); err != nil {
		return nil, fmt.Errorf("%s: %w", b.file, err)
	}
	return b, nil
}

// apply removes from a report what was accepted.
func (b *baseline) apply(r *Report) {
	known := b.accepted[r.Provider]
	if known == nil {
		return
	}
	var ids []string
	for _, change := range known.Changes {
		ids = append(ids, change.ID)
	}
	accepted, outOfScope := 0, 0
	r.Changes = slices.DeleteFunc(r.Changes, func(c Change) bool {
		_, known := known.OutOfScope[c.Place]
		switch {
		case strings.HasPrefix(c.What, newOperation) && known:
			outOfScope++
		case slices.Contains(ids, c.withID().ID):
			accepted++
		default:
			return false
		}
		return true
	})
	r.Problems = slices.DeleteFunc(r.Problems, func(problem string) bool {
		dead := slices.Contains(known.DeadLinks, problem)
		if dead {
			r.note("accepted: " + problem)
		}
		return dead
	})
	if accepted > 0 {
		r.note(fmt.Sprintf("%d accepted differences are not listed (%s)", accepted, baselineFile))
	}
	if outOfScope > 0 {
		r.note(fmt.Sprintf("%d known operations are out of scope (%s)", outOfScope, baselineFile))
	}
}

var deadLink = regexp.MustCompile(`: status (404|410) `)

// accept adds the changes of a report to the baseline. New operations become
// known ones.
func (b *baseline) accept(r Report) {
	known := b.accepted[r.Provider]
	if known == nil {
		known = new(acceptance)
		b.accepted[r.Provider] = known
	}
	for _, problem := range r.Problems {
		if deadLink.MatchString(problem) {
			known.DeadLinks = append(known.DeadLinks, problem)
		}
	}
	for _, change := range r.Changes {
		if strings.HasPrefix(change.What, textChanged) && change.Source != "" {
			continue // its hash is stored in the spec
		}
		if strings.HasPrefix(change.What, newOperation) {
			if known.OutOfScope == nil {
				known.OutOfScope = make(map[string]string)
			}
			known.OutOfScope[change.Place] = "accepted with --accept"
			continue
		}
		known.Changes = append(known.Changes, acceptedChange{Change: change})
	}
}

func (b *baseline) write() error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(b.accepted); err != nil {
		return err
	}
	return os.WriteFile(b.file, text.Bytes(), 0o644)
}
