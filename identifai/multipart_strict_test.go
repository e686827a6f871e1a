package identifai_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// strictForm parses a form exactly by RFC 7578 and RFC 2046, without the leniency
// of mime/multipart: no text before the first part or after the last, a boundary of
// allowed characters, CRLF everywhere, one header per part.
func strictForm(body, boundary string) (map[string]string, error) {
	if !regexp.MustCompile(`^[0-9A-Za-z'()+_,./:=?-]{1,70}$`).MatchString(boundary) {
		return nil, fmt.Errorf("boundary %q", boundary)
	}
	rest, found := strings.CutPrefix(body, "--"+boundary+"\r\n")
	if !found {
		return nil, fmt.Errorf("the body does not start with the boundary")
	}
	parts := make(map[string]string)
	for {
		head, tail, found := strings.Cut(rest, "\r\n\r\n")
		if !found {
			return nil, fmt.Errorf("a part without the empty line: %q", rest)
		}
		name := regexp.MustCompile(`^Content-Disposition: form-data; name="([a-z_]+)"$`).FindStringSubmatch(head)
		if name == nil {
			return nil, fmt.Errorf("header %q", head)
		}
		if _, twice := parts[name[1]]; twice {
			return nil, fmt.Errorf("part %s occurs twice", name[1])
		}
		value, tail, found := strings.Cut(tail, "\r\n--"+boundary)
		if !found {
			return nil, fmt.Errorf("part %s has no end", name[1])
		}
		parts[name[1]] = value
		if tail == "--\r\n" {
			return parts, nil
		}
		if rest, found = strings.CutPrefix(tail, "\r\n"); !found {
			return nil, fmt.Errorf("after part %s: %q", name[1], tail)
		}
	}
}

func TestStrictFormRejectsDeviations(t *testing.T) {
	good := part("id", "") + part("name", "Ada") + "--B--\r\n"
	parts, err := strictForm(good, "B")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"id": "", "name": "Ada"}, parts)
	for name, body := range map[string]string{
		"preamble":       "\r\n" + good,
		"epilogue":       good + "x",
		"line feeds":     strings.ReplaceAll(good, "\r\n", "\n"),
		"another header": strings.Replace(good, "\r\n\r\n", "\r\nContent-Type: text/plain\r\n\r\n", 1),
		"name twice":     part("id", "") + good,
		"no end":         part("id", ""),
		"invalid name":   part(`i"d`, "") + good,
	} {
		_, err := strictForm(body, "B")
		assert.Error(t, err, name)
	}
	_, err = strictForm(good, "B ")
	assert.Error(t, err, "boundary")
}
