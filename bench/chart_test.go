package bench

import (
	"flag"
	"image/color"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/usersync/usersync/bench/client"
	"github.com/usersync/usersync/bench/sim"
)

var svg = flag.String("svg", "", "write the chart to this file")

// TestChart draws the requests accepted and rejected over time on identifAI's
// quota for writes.
func TestChart(t *testing.T) {
	if *svg == "" {
		t.Log("-svg writes the chart")
		return
	}
	var s sim.Scenario
	for _, s = range sim.Scenarios() {
		if s.Name == "a2 1/s+30/min" {
			break
		}
	}
	names := []string{"usersync", "x/time/rate burst N + Retry-After", "go-retryablehttp, unlimited"}
	plots := make([][]*plot.Plot, len(names))
	for i, name := range names {
		p := plot.New()
		synctest.Test(t, func(t *testing.T) {
			set := settings[0].Setting
			set.Seed = 1
			r := sim.Run(s, set, client.ByName(name).Build)
			p.Title.Text = name
			addCurve(t, p, "stored", r.Network.Accepted, color.RGBA{R: 0x1b, G: 0x7f, B: 0x4b, A: 0xff})
			addCurve(t, p, "rejected (429)", r.Network.RateLimited, color.RGBA{R: 0xc0, G: 0x2f, B: 0x2f, A: 0xff})
		})
		p.X.Label.Text, p.Y.Label.Text = "seconds", "requests, log scale"
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 240, 1, 10000
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		p.Legend.Top, p.Legend.Left = true, true
		p.Add(plotter.NewGrid())
		plots[i] = []*plot.Plot{p}
	}
	img := vgsvg.New(18*vg.Centimeter, 24*vg.Centimeter)
	canvas := draw.New(img)
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadY: 6 * vg.Millimeter}
	for i, c := range plot.Align(plots, tiles, canvas) {
		plots[i][0].Draw(c[0])
	}
	write(t, *svg, img)
}

// addCurve adds the number of times up to each moment.
func addCurve(t *testing.T, p *plot.Plot, name string, at []time.Duration, c color.Color) {
	points := plotter.XYs{{X: 0, Y: 1}}
	for i, d := range at {
		points = append(points, plotter.XY{X: d.Seconds(), Y: float64(max(i, 1))}, plotter.XY{X: d.Seconds(), Y: float64(i + 1)})
	}
	if len(at) == 0 {
		p.Legend.Add(name + ": none")
		return
	}
	line, err := plotter.NewLine(points)
	require.NoError(t, err)
	line.Color, line.Width = c, vg.Points(1.5)
	p.Add(line)
	p.Legend.Add(name, line)
}

func write(t *testing.T, path string, content io.WriterTo) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	_, err = content.WriteTo(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}
