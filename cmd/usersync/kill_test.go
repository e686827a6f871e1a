package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/partoo/partootest"
	"github.com/usersync/usersync/rest/resttest"
	"github.com/usersync/usersync/upsert"
	"github.com/usersync/usersync/usercom/usercomtest"
)

// asCommand makes the test binary the command.
const asCommand = "USERSYNC_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

const (
	killRounds  = 20
	killedUsers = 400
)

// killed is a run that is killed repeatedly.
type killed struct {
	env     []string
	args    []string
	journal string
	users   func() []string // keys of those there are

	mu      sync.Mutex
	writes  map[string]int // requests that write, by the user's key
	seen    int            // requests
	killAt  int
	process *os.Process
}

// meet counts a request, and kills the command at a given number of requests: before the
// server acts, while other requests are in flight.
func (k *killed) meet(r *http.Request) bool {
	key := keyIn(r)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen++
	if key != "" {
		k.writes[key]++
	}
	if k.process != nil && k.seen >= k.killAt {
		_ = k.process.Kill() // it may be at its end
		k.process = nil
	}
	return false
}

// keyIn returns the number in the email of the user that a request creates or updates.
func keyIn(r *http.Request) string {
	if r.Method != http.MethodPost {
		return ""
	}
	body, _ := io.ReadAll(r.Body)
	if kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		form, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).ReadForm(1 << 20)
		if err != nil || len(form.Value["email"]) == 0 {
			return ""
		}
		body = []byte(`"` + form.Value["email"][0])
	}
	_, rest, _ := bytes.Cut(body, []byte(`"user-`))
	number, _, _ := bytes.Cut(rest, []byte("@"))
	return string(number)
}

// round runs the command until it ends or is killed after a number of requests. It
// returns the output and whether the command ended.
func (k *killed) round(t *testing.T, resume bool, after int) (string, bool) {
	t.Helper()
	args := k.args
	if resume {
		args = append([]string{"upsert", "--resume"}, args[1:]...)
	}
	command := exec.CommandContext(t.Context(), os.Args[0], args...)
	command.Env = k.env
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	k.mu.Lock()
	require.NoError(t, command.Start())
	if k.killAt = k.seen + after; after > 0 {
		k.process = command.Process
	}
	k.mu.Unlock()
	err := command.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.process = nil
	return out.String(), err == nil
}

// Twenty kills lose no user, create none twice, and few users are upserted again.
func TestResumeAfterKill(t *testing.T) {
	identifai, partoo, usercom := identifaitest.NewServer(), partootest.NewServer(), usercomtest.NewServer()
	for name, test := range map[string]struct {
		server *resttest.Server
		env    []string
		users  func() (keys []string)
	}{
		"identifai": {identifai.Server, []string{"IDENTIFAI_API_KEY=" + identifaitest.Key, "IDENTIFAI_BASE_URL="}, func() (keys []string) {
			for _, user := range identifai.Users() {
				keys = append(keys, user.Email)
			}
			return keys
		}},
		"partoo": {partoo.Server, []string{"PARTOO_API_KEY=" + partootest.Key, "PARTOO_BASE_URL=/v2"}, func() (keys []string) {
			for _, user := range partoo.Users() {
				keys = append(keys, user.Email)
			}
			return keys
		}},
		"usercom": {usercom.Server, []string{"USERCOM_API_KEY=" + usercomtest.Key, "USERCOM_BASE_URL=/api/public"}, func() (keys []string) {
			for _, user := range usercom.Users() {
				keys = append(keys, user.Email)
			}
			return keys
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.server.Start()
			defer test.server.Close()
			url, path, _ := strings.Cut(test.env[1], "=")
			k := &killed{
				env:     append(os.Environ(), asCommand+"=1", test.env[0], url+"="+test.server.URL+path),
				journal: filepath.Join(t.TempDir(), "journal"),
				writes:  make(map[string]int),
				users:   test.users,
			}
			file := writeFile(t, "users.csv", manyUsers(killedUsers))
			k.args = []string{"upsert", "--provider", name, "--quota", "none", "--journal", k.journal, file}
			test.server.Fail(resttest.Fault{Match: k.meet, Times: -1})
			k.check(t)
		})
	}
}

func (k *killed) check(t *testing.T) {
	kills := 0
	for begun := false; kills < killRounds; {
		out, finished := k.round(t, begun, 1+rand.IntN(killedUsers/killRounds*3/4))
		require.False(t, finished, "the run ended after %d kills: %s", kills, out)
		kills++
		if _, err := os.Stat(k.journal); err == nil {
			begun = true
			_, err := upsert.ReadJournal(k.journal)
			require.NoError(t, err)
		}
	}
	out, finished := k.round(t, true, 0)
	require.True(t, finished, out)
	assert.Contains(t, out, " 0 failed, 0 not sent")

	want := make([]string, killedUsers)
	again, worst := 0, 0
	for i := range want {
		want[i] = addressOf(i)
		times := k.writes[fmt.Sprintf("%04d", i)]
		assert.Positive(t, times, want[i])
		again += times - 1
		worst = max(worst, times)
	}
	assert.ElementsMatch(t, want, k.users())
	assert.LessOrEqual(t, again, kills*workersByDefault, "of %d users", killedUsers)
	t.Logf("%d kills: %d of %d users sent again, none more than %d times in all", kills, again, killedUsers, worst)
}

// workersByDefault is the maximum number of users in flight.
const workersByDefault = 8

func addressOf(i int) string { return fmt.Sprintf("user-%04d@example.com", i) }

// manyUsers returns users that every provider accepts.
func manyUsers(n int) string {
	var b strings.Builder
	b.WriteString("user_id,email,first_name,last_name,name,heuristic,pricing_id\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,%s,First,Last,Full,Average,1\n", i, addressOf(i))
	}
	return b.String()
}
