package main

import (
	"net/http"
	"regexp"
	"strings"
)

// curlRequest is a request as a curl command line sends it.
type curlRequest struct {
	method string
	url    string
	header http.Header
	data   []string
	form   bool // -F: multipart/form-data
}

var curlStart = regexp.MustCompile(`(^|\s)(\$ )?curl\s`)

// findCurl reads the first curl command of a page. It ends with the line that
// contains the URL, unless a quotation or the next line continues it.
func findCurl(lines []string) (curlRequest, bool) {
	for i, line := range lines {
		if !curlStart.MatchString(line) {
			continue
		}
		command := strings.TrimLeft(line[strings.Index(line, "curl"):], " ")
		for j := i + 1; ; j++ {
			words, complete := splitShell(command)
			r := readCurl(words)
			if complete && r.url != "" && !strings.HasSuffix(command, `\`) {
				if j >= len(lines) || !strings.HasPrefix(lines[j], "-") {
					return r, true
				}
			}
			if j >= len(lines) || j > i+60 {
				return r, r.url != ""
			}
			command = strings.TrimSuffix(command, `\`) + "\n" + lines[j]
		}
	}
	return curlRequest{}, false
}

// splitShell splits a command line into words. complete is false if a quotation
// is still open.
func splitShell(command string) (words []string, complete bool) {
	var word strings.Builder
	var quote rune
	inWord, escaped := false, false
	for _, r := range command {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, quote == 0
}

func readCurl(words []string) curlRequest {
	r := curlRequest{header: make(http.Header)}
	for i := 1; i < len(words); i++ {
		name, value, joined := strings.Cut(words[i], "=")
		next := func() string {
			if joined && strings.HasPrefix(name, "--") {
				return value
			}
			if i++; i < len(words) {
				return words[i]
			}
			return ""
		}
		switch name {
		case "-X", "--request":
			r.method = strings.ToUpper(next())
		case "-H", "--header":
			key, content, _ := strings.Cut(next(), ":")
			r.header.Add(strings.TrimSpace(key), strings.TrimSpace(content))
		case "-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode":
			r.data = append(r.data, next())
		case "--json":
			r.data = append(r.data, next())
			r.header.Set("Content-Type", "application/json")
		case "-F", "--form":
			r.data, r.form = append(r.data, next()), true
		case "--url":
			r.url = next()
		case "-u", "--user":
			next()
			r.header.Set("Authorization", "Basic")
		case "-o", "--output", "-A", "--user-agent", "-b", "--cookie", "-m", "--max-time":
			next()
		default:
			switch {
			case strings.HasPrefix(words[i], "-X") && len(words[i]) > 2:
				r.method = strings.ToUpper(words[i][2:])
			case !strings.HasPrefix(words[i], "-") && (strings.Contains(words[i], "://") || strings.Contains(words[i], "/")):
				r.url = words[i]
			}
		}
	}
	if r.method == "" {
		r.method = http.MethodGet
		if len(r.data) > 0 {
			r.method = http.MethodPost
		}
	}
	return r
}
