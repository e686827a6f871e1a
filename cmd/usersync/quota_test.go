package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/backoff"
)

func TestQuota(t *testing.T) {
	for text, want := range map[string][]backoff.Quota{
		"300/min":     {{N: 300, Per: time.Minute}},
		"10/s":        {{N: 10, Per: time.Second}},
		"5000/hour":   {{N: 5000, Per: time.Hour}},
		"50/10s":      {{N: 50, Per: 10 * time.Second}},
		"1/s, 30/min": {{N: 1, Per: time.Second}, {N: 30, Per: time.Minute}},
		"none":        nil,
	} {
		got, err := parseQuota(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got.Quotas, text)
	}
	const want = "want requests per period, such as 300/min, 10/s, 50/10s or 1/s,30/min, or none"
	for text, want := range map[string]string{
		"": want, "300": want, "300/": want, "x/min": want, "300/month": want, "1/s,": want,
		"0/min": "N is 0", "-1/s": "N is -1", "1/0s": "Per", "1/s,2/s": "two quotas per 1s",
	} {
		_, err := parseQuota(text)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestQuotasOfSeveralProviders(t *testing.T) {
	o, err := parseFlags([]string{"--fake", "--provider", "all", "--quota", "partoo=600/min", "--quota", "usercom=none", "users.csv"})
	require.NoError(t, err)
	partoo, ok := o.quotas.of("partoo")
	assert.True(t, ok)
	assert.Equal(t, []backoff.Quota{{N: 600, Per: time.Minute}}, partoo.Quotas)
	_, ok = o.quotas.of("identifai")
	assert.False(t, ok)
}

func TestShareAndWorkers(t *testing.T) {
	n, err := parseShare("1/4")
	require.NoError(t, err)
	assert.Equal(t, 4, n)
	for _, text := range []string{"", "4", "1/0", "2/4", "1/x", "0.25"} {
		_, err := parseShare(text)
		assert.EqualError(t, err, "want 1/N, such as 1/4 when four processes use the key", text)
	}
	n, err = parseWorkers("64")
	require.NoError(t, err)
	assert.Equal(t, 64, n)
	for _, text := range []string{"", "0", "-1", "x", "1001"} {
		_, err := parseWorkers(text)
		assert.EqualError(t, err, "want a number from 1 to 1000", text)
	}
}
