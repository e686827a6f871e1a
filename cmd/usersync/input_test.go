package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const twoUsers = "user_id\n4711\n4712\n"

func TestMalformedCSV(t *testing.T) {
	const header = "email,first_name,last_name"
	const ada = "ada@example.com,Ada,Lovelace"
	for name, test := range map[string]struct {
		provider string
		input    string
		want     []string
	}{
		"empty file":      {"partoo", "", []string{"line 1: the file is empty: it must begin with a header, the names of the columns"}},
		"byte order mark": {"partoo", "\uFEFF", []string{"line 1: the file is empty: it must begin with a header, the names of the columns"}},
		"header only":     {"partoo", lines(header), []string{"no users in the file"}},
		"missing column": {"partoo", lines("email,first_name", "ada@example.com,Ada", "bea@example.com,Bea"), []string{
			"line 1: column last_name is missing (partoo)",
		}},
		"missing column of several": {three, lines("email", "ada@example.com"), []string{
			"line 1: column name is missing (identifai)",
			"line 1: column heuristic is missing (identifai)",
			"line 1: column pricing_id is missing (identifai)",
			"line 1: column first_name is missing (partoo)",
			"line 1: column last_name is missing (partoo)",
			"line 1: column user_id is missing (usercom)",
		}},
		"column of another provider": {"partoo", lines("email,first_name,usercom.last_name", "ada@example.com,Ada,Lovelace"), []string{
			"line 1: column last_name is missing (partoo)",
		}},
		"unknown column": {"partoo", lines(header+",emial,partoo.heuristic,other.email,\"a\x1b[2Jb\"", ada+",,,,"), []string{
			"line 1: unknown column emial (did you mean email?)",
			"line 1: unknown column partoo.heuristic",
			"line 1: unknown column other.email",
			`line 1: unknown column "a\x1b[2Jb"`,
		}},
		"unknown and missing": {"partoo", lines("emial,first_name,last_name", ada), []string{
			"line 1: unknown column emial (did you mean email?)",
			"line 1: column email is missing (partoo)",
		}},
		"duplicate column": {"partoo", lines(header+", email", ada+",bea@example.com"), []string{"line 1: columns email and email are both email"}},
		"nameless column":  {"partoo", lines("email,first_name,,last_name", "ada@example.com,Ada,x,Lovelace"), []string{"line 2: cell 3 has a value, but its column has no name"}},
		"list in semicolons": {"partoo", lines("email;first_name;last_name;business_ids", "ada@example.com;Ada;Lovelace;a;b"), []string{
			"line 2: has 5 cells, the header has 4: enclose a cell that contains ';' in quotes",
		}},
		"header not in UTF-8":   {"partoo", lines(header+",caf\xe9", ada+","), []string{"line 1: not valid UTF-8: use --encoding if the file has another encoding, such as windows-1252"}},
		"header in bad quotes":  {"partoo", lines(`"email,first_name`, ada), []string{`line 1: invalid quoting: a cell that begins with " must end with ", and each " in it must be doubled`}},
		"row not in UTF-8":      {"partoo", lines(header, ada, "bea@example.com,\"B\n\",Br\xe9wn"), []string{"line 4: not valid UTF-8: use --encoding if the file has another encoding, such as windows-1252"}},
		"quote in a cell":       {"partoo", lines(header, `ada@example.com,A"da,Lovelace`, "bea,B,B"), []string{`line 2: invalid quoting: enclose a cell that contains " in quotes and double each " in it`, "line 3: email: must be an e-mail address like ada@example.com (partoo)"}},
		"quote that ends early": {"partoo", lines(header, `ada@example.com,"A"da,Lovelace`), []string{`line 2: invalid quoting: a cell that begins with " must end with ", and each " in it must be doubled`}},
		"quote without end":     {"partoo", lines(header, ada, `bea@example.com,"Bea,Brown`, "cy@example.com,Cy,Clark"), []string{`line 3: invalid quoting: a cell that begins with " must end with ", and each " in it must be doubled`}},
		"too few cells":         {"partoo", lines(header, ada, "bea@example.com,Bea"), []string{"line 3: has 2 cells, the header has 3"}},
		"too many cells":        {"partoo", lines(header, ada+",x"), []string{"line 2: has 4 cells, the header has 3: enclose a cell that contains ',' in quotes"}},
		"one cell":              {"partoo", lines(header, "ada@example.com"), []string{"line 2: has 1 cell, the header has 3"}},
		"line of a quoted cell": {"partoo", lines(header, `ada@example.com,"A`, `d`, `a",Lovelace`, "", "bea@example.com,,Brown"), []string{"line 2: first_name: must not contain U+000A (line feed) at character 2 (partoo)", "line 6: first_name: is required (partoo)"}},
		"carriage returns":      {"partoo", header + "\r\n" + ada + "\r\nbea,Bea,Brown\r\n", []string{"line 3: email: must be an e-mail address like ada@example.com (partoo)"}},
		"required value":        {"identifai", lines("name,email,heuristic,pricing_id", "Ada,ada@example.com, ,"), []string{"line 2: heuristic: is required (identifai)", "line 2: pricing_id: is required (identifai)"}},
		"bad e-mail": {three, lines("user_id,email,name,first_name,last_name,heuristic,pricing_id", "1,ada-at-example,Ada,Ada,Lovelace,Average,1"), []string{
			"line 2: email: must be an e-mail address like ada@example.com (identifai, partoo, usercom)",
		}},
		"unknown enum": {"partoo", lines(header+",role,partoo.lang,sidebar_pages", ada+",BOSS,xx,posts;post"), []string{
			"line 2: partoo.lang: must be one of fr, en, es, it, pt-br, de, ar, nl, pl, cs, ca, sk, pt, lv, ro, bg, hu (partoo)",
			"line 2: role: must be one of ORG_ADMIN, ORG_MANAGER, GROUP_MANAGER, BUSINESS_MANAGER, PUBLISHER (partoo)",
			"line 2: sidebar_pages: item 2 must be one of bulk_modification, diffusion, feedback_management, messages, posts, presence_analytics, review_analytics, review_invite, review_management (partoo)",
		}},
		"kinds": {"partoo", lines(header+",org_id,accesses,business_ids,sso_only", ada+`,4x,1;2,"[1]",maybe`), []string{
			"line 2: org_id: must be a whole number (partoo)",
			"line 2: accesses: must be lists of numbers in a list, such as [[1,2],[1,3]] (partoo)",
			`line 2: business_ids: must be a list of texts, such as ["a","b"] (partoo)`,
			"line 2: sso_only: must be true or false (partoo)",
		}},
		"null in CSV": {"partoo", lines(header+",accesses", ada+",null"), []string{"line 2: accesses: must be lists of numbers in a list, such as [[1,2],[1,3]] (partoo)"}},
		"codes": {"usercom", lines("user_id,gender,status,assigned_to,attributes", `1,man,3,0,"{""a"":1,""a"":2}"`, `2,0,,x,"{""city"":1}"`), []string{
			"line 2: gender: must be one of 1 (unknown), 2 (male), 3 (female), as number or word (usercom)",
			"line 2: status: must be one of 1 (visitor), 2 (user), as number or word (usercom)",
			"line 2: assigned_to: must not be 0 (usercom)",
			"line 2: attributes: contains a twice (usercom)",
			"line 3: gender: must be one of 1 (unknown), 2 (male), 3 (female), as number or word (usercom)",
			"line 3: assigned_to: must be a whole number (usercom)",
			"line 3: attributes.city: must not be a standard attribute: these have separate fields (usercom)",
		}},
		"same user": {three, lines("user_id,email,name,first_name,last_name,heuristic,pricing_id,id",
			"1,ada@example.com,A,A,L,Average,1,7", "2,ADA@example.com,A,A,L,Average,1,", "2,bea@example.com,A,A,L,Average,1,7"), []string{
			"line 3: email: the same user as on line 2 (identifai, partoo)",
			"line 4: id: the same user as on line 2 (identifai)",
			"line 4: user_id: the same user as on line 3 (usercom)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, found := readRows(t, test.provider, "csv", test.input)
			assert.Equal(t, test.want, texts(found))
			assert.Equal(t, len(test.want), found.Total)
		})
	}
}

func TestMalformedJSONL(t *testing.T) {
	const ada = `{"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace"`
	for name, test := range map[string]struct {
		provider string
		input    string
		want     []string
	}{
		"empty file":   {"partoo", "", []string{"no users in the file"}},
		"blank lines":  {"partoo", "\n \r\n", []string{"no users in the file"}},
		"no object":    {"partoo", lines(`"x"`, "null", "[]"), []string{"line 1: must be a JSON object", "line 2: must be a JSON object", "line 3: must be a JSON object"}},
		"no JSON":      {"partoo", lines("", ada, "x"), []string{"line 2: must be a JSON object: unexpected end of JSON input", "line 3: must be a JSON object: invalid character 'x' looking for beginning of value"}},
		"two objects":  {"partoo", lines(ada + "}{}"), []string{"line 1: must be a JSON object: invalid character '{' after top-level value"}},
		"not UTF-8":    {"partoo", lines(ada + ",\"custom_role\":\"\xe9\"}"), []string{"line 1: not valid UTF-8: use --encoding if the file has another encoding, such as windows-1252"}},
		"unknown key":  {"partoo", lines(ada + `,"emial":"x","partoo":{"user_id":"1"}}`), []string{"line 1: unknown column emial (did you mean email?)", "line 1: unknown column partoo.user_id"}},
		"dotted key":   {"partoo", lines(ada + `,"partoo.role":"PUBLISHER"}`), []string{`line 1: unknown key partoo.role: put the fields of one provider in an object, such as {"partoo": {…}}`}},
		"key twice":    {"partoo", lines(ada + `,"email":"bea@example.com"}`), []string{"line 1: contains email twice"}},
		"nested twice": {"partoo", lines(ada + `,"partoo":{"role":"PUBLISHER","role":"ORG_ADMIN"}}`), []string{"line 1: partoo: contains role twice"}},
		"no nested":    {"partoo", lines(ada + `,"partoo":["role"]}`), []string{"line 1: partoo: must be a JSON object"}},
		"required":     {"partoo", lines("{}", `{"email":null,"first_name":"","last_name":"x"}`), []string{"line 1: email: is required (partoo)", "line 1: first_name: is required (partoo)", "line 1: last_name: is required (partoo)", "line 2: email: is required (partoo)", "line 2: first_name: is required (partoo)"}},
		"kinds": {"partoo", lines(ada+`,"org_id":"42","sso_only":"true","accesses":[1],"business_ids":"a;b","role":1}`, `{"email":1,"first_name":["A"],"last_name":{}}`), []string{
			"line 1: org_id: must be a whole number, without quotes (partoo)",
			"line 1: role: must be text, in quotes (partoo)",
			"line 1: accesses: must be lists of numbers in a list, such as [[1,2],[1,3]] (partoo)",
			`line 1: business_ids: must be a list of texts, such as ["a","b"] (partoo)`,
			"line 1: sso_only: must be true or false, without quotes (partoo)",
			"line 2: email: must be text, in quotes (partoo)",
			"line 2: first_name: must be text, in quotes (partoo)",
			"line 2: last_name: must be text, in quotes (partoo)",
		}},
		"nested place": {"partoo", lines(`{"partoo":{"email":"nope","first_name":"A","last_name":"B"}}`), []string{"line 1: partoo.email: must be an e-mail address like ada@example.com (partoo)"}},
		"attributes":   {"usercom", lines(`{"user_id":"1","attributes":[]}`, `{"user_id":"2","attributes":{"":1}}`), []string{"line 1: attributes: must be a JSON object (usercom)", "line 2: attributes: must not contain an empty name (usercom)"}},
		"same user":    {"usercom", lines(`{"user_id":"1"}`, "", `{"usercom":{"user_id":"1"}}`), []string{"line 3: usercom.user_id: the same user as on line 1 (usercom)"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, found := readRows(t, test.provider, "jsonl", test.input)
			assert.Equal(t, test.want, texts(found))
		})
	}
}

func TestReadError(t *testing.T) {
	_, err := readInput(options{file: "-", format: "csv"}, io.MultiReader(strings.NewReader(twoUsers), iotest.ErrReader(errors.New("disk failed"))))
	assert.EqualError(t, err, "reading: disk failed")
}

func TestProblemsAreBounded(t *testing.T) {
	var input strings.Builder
	input.WriteString("user_id,email\n")
	for i := range 250 {
		fmt.Fprintf(&input, "%d,no-email\n", i)
	}
	got := usersync(t, input.String(), "upsert", "--provider", "usercom", "--fake", "-")
	assert.Equal(t, exitUsage, got.status)
	assert.Empty(t, got.out)
	printed := strings.Split(strings.TrimSpace(got.err), "\n")
	require.Len(t, printed, 102)
	assert.Equal(t, "usersync: standard input: 250 problems, nothing was sent:", printed[0])
	assert.Equal(t, "line 101: email: must be an e-mail address like ada@example.com (usercom)", printed[100])
	assert.Equal(t, "and 150 more", printed[101])
}

func TestUnknownColumnNamesTheKnownOnes(t *testing.T) {
	got := usersync(t, "user_id,emial\n1,\n2,\n", "upsert", "--provider", "usercom", "--fake", "-")
	assert.Equal(t, exitUsage, got.status)
	assert.Contains(t, got.err, lines(
		"usersync: standard input: 1 problem, nothing was sent:",
		"line 1: unknown column emial (did you mean email?)",
		"known columns:",
		"  identifai: id, name, email, password, heuristic, pricing_id, readonly, newsletter, save_files",
	))
	for _, p := range providers() {
		for _, c := range p.columns {
			assert.Contains(t, got.err, c.Name)
		}
	}
}
