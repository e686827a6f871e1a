package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestInvalidFlags(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"want one of " + strings.Join(providers, ", "):                    {"--provider", "other"},
		"--provider other: want":                                          {"--provider", "partoo,other"},
		"--from needs exactly one --provider":                             {"--from", "x.yaml"},
		"--from needs exactly":                                            {"--provider", "partoo", "--provider", "usercom", "--from", "x.yaml"},
		"want one of json, markdown, text":                                {"--format", "xml"},
		"unexpected argument \"x.yaml\": use --from SOURCE":               {"--provider", "partoo", "x.yaml"},
		"must not be negative":                                            {"--every", "-1s"},
		"--every 30: want a duration such as 500ms or 2s":                 {"--every", "30"},
		"--format: set twice":                                             {"--format", "json", "--format=json"},
		"-provider: long flags take two dashes: --provider":               {"-provider", "partoo"},
		"-provider=partoo: long flags take two dashes: --provider=partoo": {"-provider=partoo"},
		"unknown flag: --color":                                           {"--color"},
	} {
		var out, errOut bytes.Buffer
		assert.Equal(t, exitUnreadable, command(t.Context(), args, &out, &errOut))
		assert.Contains(t, errOut.String(), want)
		assert.Empty(t, out.String())
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var out, errOut bytes.Buffer
	assert.Equal(t, exitNoChange, command(t.Context(), []string{"--help"}, &out, &errOut))
	assert.Contains(t, out.String(), "--provider")
	assert.Empty(t, errOut.String())
}

func TestProviderList(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--provider", "usercom,partoo"}, {"--provider", "partoo", "--provider", "usercom"}} {
		var out bytes.Buffer
		o, err := parseFlags(args, &out)
		assert.NoError(t, err)
		assert.Equal(t, []string{"partoo", "usercom"}, o.providers)
	}
	o, err := parseFlags(nil, new(bytes.Buffer))
	assert.NoError(t, err)
	assert.Equal(t, providers, o.providers)
}
