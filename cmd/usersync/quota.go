package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/internal/userfile"
)

// periods are the units of --quota.
var periods = map[string]time.Duration{
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hour": time.Hour,
}

// quotas are the values of --quota by provider; "" is for the only one.
type quotas map[string]backoff.QuotaSet

// add reads a quota, which may be that of one provider, such as partoo=600/min.
func (q *quotas) add(text string) error {
	name, quota, named := strings.Cut(text, "=")
	if !named {
		name, quota = "", text
	}
	if _, twice := (*q)[name]; twice || len(*q) > 0 && name == "" {
		return errGivenTwice
	}
	set, err := parseQuota(quota)
	if *q == nil {
		*q = make(quotas)
	}
	(*q)[name] = set
	return err
}

// of returns the quota of a provider, if there is one.
func (q quotas) of(provider string) (backoff.QuotaSet, bool) {
	if set, ok := q[provider]; ok {
		return set, true
	}
	set, ok := q[""]
	return set, ok
}

// check rejects quotas that do not fit the selected providers.
func (q quotas) check(o *options) error {
	if _, unnamed := q[""]; unnamed && len(o.providers) > 1 {
		return errors.New("--quota: with several providers, name one, such as --quota partoo=600/min")
	}
	for name := range q {
		if name != "" && !o.selects(name) {
			return fmt.Errorf("--quota %s=…: not one of the selected providers", userfile.Printable(name))
		}
	}
	for _, p := range o.providers {
		switch set, ok := q.of(p.name); {
		case o.share == 0:
		case o.fake && !ok:
			return errors.New("--share with --fake needs --quota: the fakes have no quota to share")
		case ok && len(set.Quotas) == 0:
			return errors.New("--share with --quota none: there is no quota to share")
		}
	}
	return nil
}

// parseQuota reads quotas such as "300/min" or "1/s,30/min", or "none".
func parseQuota(text string) (set backoff.QuotaSet, err error) {
	if text == "none" {
		return set, nil
	}
	for _, one := range strings.Split(text, ",") {
		q, err := parseOneQuota(strings.TrimSpace(one))
		if err != nil {
			return set, err
		}
		set.Quotas = append(set.Quotas, q)
	}
	return set, set.Validate()
}

func parseOneQuota(text string) (backoff.Quota, error) {
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(number)
	per, ok := periods[unit]
	if !ok {
		d, parseErr := time.ParseDuration(unit)
		per, ok = d, parseErr == nil
	}
	if err != nil || !ok {
		return backoff.Quota{}, errors.New("want requests per period, such as 300/min, 10/s, 50/10s or 1/s,30/min, or none")
	}
	return backoff.Quota{N: n, Per: per}, nil
}

// parseShare returns N of 1/N.
func parseShare(text string) (int, error) {
	if number, ok := strings.CutPrefix(text, "1/"); ok {
		if n, err := strconv.Atoi(number); err == nil && n > 0 {
			return n, nil
		}
	}
	return 0, errors.New("want 1/N, such as 1/4 when four processes use the key")
}

// maxWorkers prevents mistakes from opening more connections than a system has.
const maxWorkers = 1000

func parseWorkers(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxWorkers {
		return 0, fmt.Errorf("want a number from 1 to %d", maxWorkers)
	}
	return n, nil
}

// parseDuration reads a duration greater than zero.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, errors.New("want a duration with its unit, such as 30s, 2m or 1m30s")
	}
	return d, nil
}

// parseSeparator reads the separator of CSV cells.
func parseSeparator(text string) (rune, error) {
	switch text {
	case "tab", `\t`:
		return '\t', nil
	case ",", ";", "\t", "|", ":", "^", "~":
		return rune(text[0]), nil
	}
	return 0, errors.New(`want one of , ; tab | : ^ ~`)
}
