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

// minIdle is how long an unused pacer is kept at the least.
const minIdle = time.Minute

// Registry hands out one [QuotaPacer] for each origin and credential, so that
// all clients of a process that share a key share its quotas. Credentials are
// held as SHA-256 sums. The zero value is empty and ready, and safe for
// concurrent use.
//
// A pacer that nobody uses is dropped once it has been idle for longer than its
// longest quota, when it has nothing to remember.
type Registry struct {
	mu            sync.Mutex
	entries       map[[sha256.Size]byte]*entry
	nextSweepSize int // number of entries that is worth looking for idle ones
}

// entry holds its pacer until it is idle, and after that only as long as a
// client does, so that clients of one key share one.
type entry struct {
	config PacerConfig
	strong *QuotaPacer
	weak   weak.Pointer[QuotaPacer]
}

// Pacer returns the pacer for origin (scheme and host, as in
// "https://api.example.com") and credential. The first call for a pair makes it
// from config; later ones must bring the same quotas, share and in-flight limit,
// because a key cannot have two, unless the key has been idle for longer than
// its longest quota: then they make a new one. Observe and Rand belong to a single owner and
// are refused.
func (r *Registry) Pacer(origin, credential string, config PacerConfig) (*QuotaPacer, error) {
	if config.Observe != nil || config.Rand != nil {
		return nil, errors.New("shared pacer: Observe and Rand cannot be shared, use a pacer of your own")
	}
	key := sha256.Sum256([]byte(origin + "\x00" + credential))
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, known := r.find(key); p != nil {
		if !known.equivalent(config) && !p.idle() {
			return nil, fmt.Errorf("shared pacer: this key is in use for %s with %s, not with %s: one key has one set of quotas",
				origin, known, config)
		}
		if known.equivalent(config) {
			return p, nil
		}
	}
	p, err := NewPacer(config)
	if err != nil {
		return nil, err
	}
	r.dropIdle()
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

// dropIdle lets go of idle pacers whenever the registry has doubled since it did
// so last.
func (r *Registry) dropIdle() {
	if len(r.entries) < r.nextSweepSize {
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
	r.nextSweepSize = max(2*len(r.entries), 16)
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
	longest := max(int64(minIdle), c.learned.window.span)
	for _, q := range c.quotas {
		longest = max(longest, int64(q.Per))
	}
	now := c.now()
	return c.queue.head == nil && len(c.inFlight) == 0 && now > c.gate.notBefore && now-c.lastActivity > longest
}

// equivalent reports whether two configurations pace alike.
func (c PacerConfig) equivalent(d PacerConfig) bool { return c.withDefaults().equal(d.withDefaults()) }

func (c PacerConfig) equal(d PacerConfig) bool {
	return reflect.DeepEqual(c.Quotas, d.Quotas) && c.Share == d.Share && c.MaxInFlight == d.MaxInFlight
}

// withDefaults spells out the defaults.
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

// String tells the quotas, for example "GET 60 per 1m0s, share 1/2".
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
