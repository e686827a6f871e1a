package backoff

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"
	"weak"
)

// minIdle is the minimum time for which the registry keeps an unused pacer, and the interval
// at which it looks for unused ones.
const minIdle = time.Minute

// Registry returns one [QuotaPacer] for each origin and credential, so that all clients of a
// process with the same key share its quotas. It stores credentials as SHA-256 sums. The zero
// value is empty and ready, and safe for concurrent use.
//
// The registry drops a pacer that no client holds and that has been idle for longer than its
// longest quota: its requests no longer count for any quota.
type Registry struct {
	mu            sync.Mutex
	entries       map[[sha256.Size]byte]*entry
	nextSweepSize int       // number of entries at which to look for idle ones
	nextSweep     time.Time // or the time, whichever is first
}

// entry keeps its pacer until the pacer is idle. After that, it finds the pacer as long as a
// client holds it, so that all clients of one key share it.
type entry struct {
	config PacerConfig
	strong *QuotaPacer
	weak   weak.Pointer[QuotaPacer]
}

// Pacer returns the pacer for origin (scheme and host, as in "https://api.example.com") and
// credential. The first call for a pair creates the pacer from config. A later call returns the
// same pacer if its quotas, share and in-flight limit are equal, because one key has one set of
// quotas. If they differ, it returns an error while the key is in use, and a new pacer once the key
// has been idle for longer than its longest quota. Observe and Rand must be nil: a shared pacer
// cannot have those of one client.
func (r *Registry) Pacer(origin, credential string, config PacerConfig) (*QuotaPacer, error) {
	if config.Observe != nil || config.Rand != nil {
		return nil, errors.New("shared pacer: Observe and Rand cannot be shared: use NewPacer")
	}
	key := sha256.Sum256([]byte(origin + "\x00" + credential))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropIdle()
	if p, current := r.find(key); p != nil {
		if current.equivalent(config) {
			return p, nil
		}
		if !p.idle() {
			return nil, fmt.Errorf("shared pacer: this key is in use for %s with %s, not with %s: one key has one set of quotas",
				origin, current, config)
		}
	}
	p, err := NewPacer(config)
	if err != nil {
		return nil, err
	}
	if r.entries == nil {
		r.entries = make(map[[sha256.Size]byte]*entry)
	}
	r.entries[key] = &entry{config: config, strong: p, weak: weak.Make(p)}
	return p, nil
}

func (r *Registry) find(key [sha256.Size]byte) (*QuotaPacer, PacerConfig) {
	e := r.entries[key]
	if e == nil {
		return nil, PacerConfig{}
	}
	p := e.weak.Value()
	if p != nil {
		e.strong = p
	}
	return p, e.config
}

// dropIdle drops idle pacers, whenever the registry has doubled since the last time or
// minIdle has passed.
func (r *Registry) dropIdle() {
	now := time.Now()
	if len(r.entries) < r.nextSweepSize && now.Before(r.nextSweep) {
		return
	}
	for key, e := range r.entries {
		if e.strong != nil && e.strong.idle() {
			e.strong = nil
		}
		if e.strong == nil && e.weak.Value() == nil {
			delete(r.entries, key)
		}
	}
	r.nextSweepSize, r.nextSweep = max(2*len(r.entries), 16), now.Add(minIdle)
}

// idle reports whether p has nothing to remember.
func (p *QuotaPacer) idle() bool {
	for _, c := range p.classes {
		if !c.idle() {
			return false
		}
	}
	return true
}

func (c *class) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	longest := max(int64(minIdle), c.learner.quotas[short].per, c.learner.quotas[long].per)
	for _, q := range c.quotas {
		longest = max(longest, int64(q.Per))
	}
	now := c.now()
	return len(c.queue) == 0 && len(c.inFlight) == 0 && now > c.gate.notBefore && now-c.lastActivity > longest
}

// equivalent reports whether two configurations have the same effect.
func (c PacerConfig) equivalent(d PacerConfig) bool { return c.withDefaults().equal(d.withDefaults()) }

func (c PacerConfig) equal(d PacerConfig) bool {
	return reflect.DeepEqual(c.Quotas, d.Quotas) && c.Share == d.Share && c.MaxInFlight == d.MaxInFlight
}

// withDefaults replaces zero fields by their defaults.
func (c PacerConfig) withDefaults() PacerConfig {
	c.Share = max(c.Share, 1)
	if c.MaxInFlight == 0 {
		c.MaxInFlight = DefaultMaxInFlight
	}
	if len(c.Quotas) == 0 {
		c.Quotas = nil
	}
	return c
}

// String returns the quotas, for example "GET 60 per 1m0s, share 1/2".
func (c PacerConfig) String() string {
	c = c.withDefaults()
	text := ""
	for _, set := range c.Quotas {
		if text != "" {
			text += "; "
		}
		text += set.String()
	}
	if text == "" {
		text = "no quotas"
	}
	if c.Share > 1 {
		text += fmt.Sprintf(", share 1/%d", c.Share)
	}
	return text + fmt.Sprintf(", %d in flight", c.MaxInFlight)
}
