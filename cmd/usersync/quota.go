package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usersync/usersync/backoff"
)

// periods are the units of --quota.
var periods = map[string]time.Duration{
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hour": time.Hour,
}

// parseQuota reads quotas such as "300/min" or "1/s,30/min", or "none".
func parseQuota(text string) (*backoff.QuotaSet, error) {
	var set backoff.QuotaSet
	if text == "none" {
		return &set, nil
	}
	for _, one := range strings.Split(text, ",") {
		q, err := parseOneQuota(strings.TrimSpace(one))
		if err != nil {
			return nil, err
		}
		set.Quotas = append(set.Quotas, q)
	}
	return &set, set.Validate()
}

func parseOneQuota(text string) (backoff.Quota, error) {
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(number)
	per, ok := periods[unit]
	if !ok {
		d, failed := time.ParseDuration(unit)
		per, ok = d, failed == nil
	}
	if err != nil || !ok {
		return backoff.Quota{}, errors.New("want requests per period, such as 300/min, 10/s, 50/10s or 1/s,30/min, or none")
	}
	return backoff.Quota{N: n, Per: per}, nil
}

// parseShare reads the part of a quota that is ours, as "1/4".
func parseShare(text string) (int, error) {
	if number, ok := strings.CutPrefix(text, "1/"); ok {
		if n, err := strconv.Atoi(number); err == nil && n > 0 {
			return n, nil
		}
	}
	return 0, errors.New("want 1/N, such as 1/4 when four processes use the key")
}

// parseWorkers reads how many users are upserted at once.
func parseWorkers(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxWorkers {
		return 0, fmt.Errorf("want a number from 1 to %d", maxWorkers)
	}
	return n, nil
}

// maxWorkers keeps slips from opening more connections than a system has.
const maxWorkers = 1000

// parseTimeout reads a duration greater than zero.
func parseTimeout(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, errors.New("want a duration with its unit, such as 30s, 2m or 1m30s")
	}
	return d, nil
}
