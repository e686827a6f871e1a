package main

import (
	"bytes"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/usersync/usersync/backoff"
	"github.com/usersync/usersync/partootest"
	"github.com/usersync/usersync/upsert"
)

// Away from a terminal a line tells every five seconds how far each provider is.
func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		got := newBench(t, four, "-provider", "partoo", "-quota", "1/12s").atPartoo(server).upsert(t.Context())
		assert.Equal(t, exitOK, got.status)
		printed := strings.Split(strings.TrimSpace(got.err), "\n")
		require.Len(t, printed, 9)
		assert.Regexp(t, `^partoo     0 of 4: 0 created, 0 updated, 0 unchanged, 0 failed; 1 of 5 requests in the last minute, waiting until \d\d:\d\d:12$`, printed[0])
		assert.Regexp(t, `^partoo     2 of 4: 2 created, 0 updated, 0 unchanged, 0 failed; 3 of 5 requests in the last minute, waiting until \d\d:\d\d:36; about 25s left$`, printed[4])
	})
}

func TestQuietShowsNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := partootest.NewServer()
		got := newBench(t, four, "-provider", "partoo", "-quota", "1/10s", "-quiet").atPartoo(server).upsert(t.Context())
		assert.Equal(t, output{exitOK, "partoo     4 created, 0 updated, 0 unchanged, 0 failed, 0 not sent; waits after a 429: 0\n", ""}, got)
	})
}

// What is written while bars are shown stands above them, whole and in order, and
// nothing is lost when they go.
func TestBars(t *testing.T) {
	var out bytes.Buffer
	tally := newTally("partoo", false)
	tally.total = 4
	s := &screen{w: &out}
	draw := make(chan any)
	stop := watchBars([]*target{{name: "partoo", tally: tally}}, s, mpb.WithManualRefresh(draw), mpb.WithWidth(80))
	for i, line := range []string{"one\n", "two\n", "three\n"} {
		tally.add(result{line: i, outcome: upsert.Created}, "")
		_, err := s.Write([]byte(line))
		require.NoError(t, err)
		draw <- time.Now()
	}
	stop()
	_, err := s.Write([]byte("after\n"))
	require.NoError(t, err)
	text := out.String()
	last := 0
	for _, want := range []string{"one\n", "two\n", "three\n", "3 of 4", "3 created, 0 updated", "after\n"} {
		i := strings.LastIndex(text, want)
		assert.Greater(t, i, last-1, want)
		last = i
	}
	assert.Contains(t, text, "partoo    [============================>---------]  3 of 4\n           3 created, 0 updated, 0 unchanged, 0 failed\n")
}

func stats(width int) decor.Statistics { return decor.Statistics{AvailableWidth: width} }

// A line below a bar that went on in the next line would put the bars out of place.
func TestDetailsEndWithTheTerminal(t *testing.T) {
	m := &meter{target: &target{tally: newTally("partoo", false)}}
	var out bytes.Buffer
	require.NoError(t, m.extend(&out, stats(20)))
	assert.Equal(t, "           0 created\n           \n", out.String())
	out.Reset()
	require.NoError(t, m.extend(&out, stats(0)))
	assert.Contains(t, out.String(), "0 failed\n")
}

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pacer, err := backoff.NewPacer(backoff.PacerConfig{Quotas: []backoff.QuotaSet{
			{Methods: []string{http.MethodGet}, Quotas: []backoff.Quota{{N: 60, Per: time.Minute}}},
			{Quotas: []backoff.Quota{{N: 1, Per: time.Second}, {N: 30, Per: time.Minute}}},
		}})
		require.NoError(t, err)
		tally := newTally("identifai", false)
		tally.total = 100
		m := newMeters([]*target{{tally: tally, pacer: pacer}})[0]
		assert.Equal(t, "0 of 60 reads in the last minute", m.rate(time.Now()))
		assert.Empty(t, m.remaining(time.Now()))
		for range 30 {
			turn := pacer.Turn(http.MethodPost)
			require.NoError(t, turn.Wait(t.Context(), 0))
			turn.Done(http.StatusOK, 0)
			tally.add(result{outcome: upsert.Created}, "")
			time.Sleep(time.Second)
			m.read(time.Now())
		}
		assert.Equal(t, "30 of 30 requests in the last minute", m.rate(time.Now()))
		assert.Equal(t, "about 1m10s left", m.remaining(time.Now()))
		time.Sleep(5 * time.Minute)
		m.read(time.Now())
		m.read(time.Now().Add(time.Minute))
		assert.Equal(t, "0 of 60 reads in the last minute", m.rate(time.Now().Add(time.Minute)))
		assert.Len(t, m.readings, 33)
		m.read(time.Now().Add(time.Hour))
		assert.Len(t, m.readings, 1)
	})
}

func TestRateWithoutAQuota(t *testing.T) {
	assert.Equal(t, "12 requests in the last minute", describeRate(12, quotaPerMinute(nil), nil))
	assert.Equal(t, "12 of 300 requests in the last minute", describeRate(12, quotaPerMinute([]backoff.Quota{{N: 50, Per: 10 * time.Second}, {N: 1000, Per: time.Minute}}), nil))
}

func TestNoTerminal(t *testing.T) {
	assert.False(t, isTerminal(&bytes.Buffer{}))
	file, err := os.Create(t.TempDir() + "/file")
	require.NoError(t, err)
	defer file.Close()
	assert.False(t, isTerminal(file))
}
