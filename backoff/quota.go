package backoff

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// maxQuota limits the memory of a pacer, which stores 8 bytes for each request of its largest
// quota.
const maxQuota = 1 << 20

// Quota is one limit of a server: at most N requests in any period Per. A client that respects
// it in every trailing period also respects a fixed window, a sliding log and a token bucket
// of that size.
type Quota struct {
	N   int
	Per time.Duration
}

// String returns "30 per 1m0s".
func (q Quota) String() string { return fmt.Sprintf("%d per %v", q.N, q.Per) }

// Validate reports an N outside 1 to 1,048,576 or a Per of 0 or less.
func (q Quota) Validate() error {
	if q.N < 1 || q.N > maxQuota {
		return fmt.Errorf("quota: N is %d, want 1 to %d", q.N, maxQuota)
	}
	if q.Per <= 0 {
		return fmt.Errorf("quota: Per is %v, want more than 0", q.Per)
	}
	return nil
}

// QuotaSet contains the quotas of one class of requests. All of them hold together, and the
// requests with the methods of the set share them.
type QuotaSet struct {
	// Methods are the HTTP methods of the class, in capitals. None: all methods that no
	// other set of the pacer contains.
	Methods []string
	// Quotas hold together. None: no limit is documented, and the pacer learns from 429s.
	Quotas []Quota
}

// String returns the methods and the quotas, as in "POST 1 per 1s, 30 per 1m0s".
func (s QuotaSet) String() string {
	parts := make([]string, len(s.Quotas))
	for i, q := range s.Quotas {
		parts[i] = q.String()
	}
	text := strings.Join(parts, ", ")
	if text == "" {
		text = "no quota"
	}
	if len(s.Methods) > 0 {
		text = strings.Join(s.Methods, "/") + " " + text
	}
	return text
}

// Validate reports a quota out of range, two quotas with the same period, or a method that is
// empty, not in capitals, or listed twice.
func (s QuotaSet) Validate() error {
	for i, q := range s.Quotas {
		if err := q.Validate(); err != nil {
			return err
		}
		if slices.ContainsFunc(s.Quotas[:i], func(p Quota) bool { return p.Per == q.Per }) {
			return fmt.Errorf("quota set: two quotas per %v, want one for each period", q.Per)
		}
	}
	for i, m := range s.Methods {
		if m == "" || !isUpper(m) {
			return fmt.Errorf("quota set: method %q, want an HTTP method in capitals", m)
		}
		if slices.Contains(s.Methods[:i], m) {
			return fmt.Errorf("quota set: method %s is named twice", m)
		}
	}
	return nil
}

func isUpper(s string) bool {
	return !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < 'A' || c > 'Z' })
}

// ValidateQuotas checks each set of one pacer, and that no method belongs to two sets.
func ValidateQuotas(sets []QuotaSet) error {
	var problems []error
	owner := make(map[string]bool)
	for _, s := range sets {
		problems = append(problems, s.Validate())
		names := s.Methods
		if len(names) == 0 {
			names = []string{""}
		}
		for _, m := range names {
			if owner[m] && m == "" {
				problems = append(problems, errors.New("quota sets: two sets without methods, want at most one"))
			} else if owner[m] {
				problems = append(problems, fmt.Errorf("quota sets: method %s belongs to two", m))
			}
			owner[m] = true
		}
	}
	return errors.Join(problems...)
}

// Share returns the k-th part of the set, for one of k processes that use a key independently.
// N is rounded down, so that the processes together respect each quota in every period.
//
// If less than one request in a period remains, no guarantee is possible: the processes
// would need to coordinate. Then a process also spaces its requests evenly, as far apart as
// the strictest quota requires in the long run. The processes then rarely send at the same
// moment, and 429s soon shift them apart.
func (s QuotaSet) Share(k int) QuotaSet {
	if k <= 1 || len(s.Quotas) == 0 {
		return s
	}
	var parts []Quota
	var interval time.Duration
	for _, q := range s.Quotas {
		if q.N >= k {
			parts = append(parts, Quota{N: q.N / k, Per: q.Per})
		}
		interval = max(interval, mulDivUp(q.Per, int64(k), int64(q.N)))
	}
	if len(parts) < len(s.Quotas) {
		parts = append(parts, Quota{N: 1, Per: interval})
	}
	return QuotaSet{Methods: s.Methods, Quotas: parts}
}

// mulDivUp returns d·mul/div rounded up, or the longest Duration. mul and div
// are positive.
func mulDivUp(d time.Duration, mul, div int64) time.Duration {
	whole, remainder := int64(d)/div, int64(d)%div
	if whole >= math.MaxInt64/mul-mul || remainder > (math.MaxInt64-div)/mul {
		return math.MaxInt64
	}
	return time.Duration(whole*mul + (remainder*mul+div-1)/div)
}
