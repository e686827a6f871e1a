package docs

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom"
	"github.com/usersync/usersync/usercom/usercomtest"
)

func TestCodeOfPagesIsTested(t *testing.T) {
	t.Parallel()
	functions := functionBodies(t)
	count := 0
	for _, page := range pages(t) {
		for _, code := range goCode(read(t, page)) {
			count++
			assert.True(t, containsCode(functions, code), "%s: put this code into a function of docs/examples_test.go and test it:\n%s", page, code)
		}
	}
	assert.Positive(t, count)
}

func TestUntestedCodeIsFound(t *testing.T) {
	t.Parallel()
	functions := []string{"client, err := New(key, options...)\nif err != nil {\n\treturn err\n}\n"}
	assert.True(t, containsCode(functions, "client, err := New(key)\nif err != nil {\n"))
	assert.False(t, containsCode(functions, "client, err := New(other)\n"))
	assert.False(t, containsCode(functions, "err := New(key)\n"), "lines must be whole")
	assert.Equal(t, []string{"a\nb\n", "c\n"}, goCode("text\n```go\na\nb\n```\n```\nnot Go\n```\n```go\nc\n```\n"))
}

// containsCode reports whether code is a sequence of whole lines of a function.
func containsCode(functions []string, code string) bool {
	for _, body := range functions {
		if strings.Contains("\n"+strings.ReplaceAll(body, ", options...)", ")"), "\n"+code) {
			return true
		}
	}
	return false
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// goCode returns the Go code blocks of a page.
func goCode(page string) (blocks []string) {
	for _, match := range goBlock.FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

// functionBodies returns the bodies of the functions in examples_test.go, here and in
// nested modules, without the indentation of the body.
func functionBodies(t *testing.T) (bodies []string) {
	t.Helper()
	files := []string{"examples_test.go", filepath.Join(root, "usersyncotel", "example_test.go"), filepath.Join(root, "redispacer", "example_test.go")}
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, source, 0)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				body := source[set.Position(f.Body.Lbrace).Offset+2 : set.Position(f.Body.Rbrace).Offset]
				bodies = append(bodies, strings.ReplaceAll("\n"+string(body), "\n\t", "\n")[1:])
			}
		}
	}
	return bodies
}

func TestUpsertIdentifai(t *testing.T) {
	t.Setenv("IDENTIFAI_API_KEY", identifaitest.Key)
	server := identifaitest.NewServer()
	var user account
	require.NoError(t, upsertIdentifai(t.Context(), &user, server.Options()...))
	require.NotNil(t, user.IdentifaiID)
	require.NoError(t, upsertIdentifai(t.Context(), &user, server.Options()...))
	assert.Len(t, server.Users(), 1)
}

func TestUpsertPartoo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client, err := newFake()
		require.NoError(t, err)
		result, err := upsertPartoo(t.Context(), client)
		require.NoError(t, err)
		assert.Equal(t, upsert.Unchanged, result.Outcome, "found again after the lost response")
		assert.Len(t, server.Users(), 1)
	})
}

func TestUpsertUsercom(t *testing.T) {
	t.Parallel()
	server := usercomtest.NewServer()
	client, err := usercom.New("your-subdomain", usercomtest.Key, server.Options()...)
	require.NoError(t, err)
	result, err := upsertUsercom(t.Context(), client)
	require.NoError(t, err)
	assert.Equal(t, upsert.Created, result.Outcome)
}

func TestUpsertWithGuard(t *testing.T) {
	t.Parallel()
	for version, wantUsers := range map[int]int{1: 2, 2: 2} {
		server := usercomtest.NewServer(usercomtest.WithDefaultVersion(version))
		client, err := usercom.New("", usercomtest.Key, server.Options()...)
		require.NoError(t, err)
		err = upsertWithGuard(t.Context(), client, []usercom.UserInput{{UserID: "1"}, {UserID: "2"}})
		assert.Equal(t, version == 1, err == nil, "the client uses version 1")
		assert.Len(t, server.Users(), wantUsers)
	}
}

func TestUpsertAll(t *testing.T) {
	logged := logTo(t)
	server := partootest.NewServer()
	client, err := partoo.New(partootest.Key, server.Options()...)
	require.NoError(t, err)
	users := []partoo.UserInput{
		{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"},
		{Email: "grace", FirstName: "Grace", LastName: "Hopper"},
	}
	require.NoError(t, upsertAll(t.Context(), client, users))
	assert.Len(t, server.Users(), 1)
	assert.Contains(t, logged.String(), "user 1: ")

	t.Chdir(t.TempDir())
	users[1].Email = "grace@example.com"
	require.NoError(t, upsertAllWithJournal(t.Context(), client, users, "export of 1 March"))
	assert.Len(t, server.Users(), 2)
	sent := len(server.Requests())
	require.NoError(t, upsertAllWithJournal(t.Context(), client, users, "export of 1 March"))
	assert.Len(t, server.Requests(), sent+1, "only the list is read again")
	assert.ErrorIs(t, upsertAllWithJournal(t.Context(), client, users, "export of 2 March"), upsert.ErrJournalMismatch)
}

// The examples return the reason why a run is incomplete.
func TestUpsertAllReturnsErrIncomplete(t *testing.T) {
	logTo(t)
	server := partootest.NewServer()
	client, err := partoo.New(partootest.Key, server.Options()...)
	require.NoError(t, err)
	users := []partoo.UserInput{
		{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"},
		{Email: "grace@example.com", FirstName: "Grace", LastName: "Hopper"},
	}
	server.Fail(resttest.Status(http.StatusUnauthorized).On("POST /v2/user").Repeat(-1))
	err = upsertAll(t.Context(), client, users)
	require.ErrorIs(t, err, upsert.ErrIncomplete)
	require.ErrorIs(t, err, rest.ErrUnauthorized)
	t.Chdir(t.TempDir())
	assert.ErrorIs(t, upsertAllWithJournal(t.Context(), client, users, "export"), upsert.ErrIncomplete)
}

func TestLogError(t *testing.T) {
	logged := logTo(t)
	logError(&rest.Error{StatusCode: 422, Message: "bad input", Executed: rest.ExecutedNo})
	assert.Contains(t, logged.String(), "422 bad input")
}

// logTo collects what a test logs.
func logTo(t *testing.T) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	log.SetOutput(&b)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	return &b
}
