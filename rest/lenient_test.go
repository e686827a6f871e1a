package rest_test

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/rest"
)

type plan struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type member struct {
	ID       int64      `json:"id"`
	Email    *string    `json:"email"`
	Readonly *bool      `json:"readonly"`
	Balance  *float64   `json:"balance"`
	Created  *time.Time `json:"created"`
	Plan     *plan      `json:"plan"`
	Groups   [][]int64  `json:"groups"`
	Boss     *member    `json:"boss"`
}

// wrapped is a user in data or without it.
type wrapped struct {
	member
	Data *member `json:"data"`
}

func (w wrapped) Check() error {
	if w.ID == 0 && (w.Data == nil || w.Data.ID == 0) {
		return errors.New("no id")
	}
	return nil
}

type page struct {
	Total int64     `json:"total"`
	Data  []*member `json:"data"`
}

func (page) Strict() []string { return []string{"data.id", "data.email"} }

func (p page) Check() error {
	if p.Data == nil {
		return errors.New("no data")
	}
	return nil
}

// search is a list, or an object with a list.
type search []member

func (s *search) Target(body []byte) any {
	if bytes.HasPrefix(body, []byte("{")) {
		return &struct {
			Data *[]member `json:"data"`
		}{(*[]member)(s)}
	}
	return (*[]member)(s)
}

func (search) Strict() []string { return []string{"id", "email", "data.id", "data.email"} }

func TestDecodeLeavesUnreadableFieldsUnknown(t *testing.T) {
	for _, body := range []string{
		`{"id":7,"email":"a@b.c","readonly":0}`,
		`{"id":7,"email":"a@b.c","balance":"12.50"}`,
		`{"id":7,"email":"a@b.c","plan":[]}`,
		`{"id":7,"email":"a@b.c","created":"2026-01-01 00:00:00"}`,
		`{"id":7,"email":"a@b.c","created":""}`,
		`{"id":7,"email":"a@b.c","groups":[1,2]}`,
		`{"id":7,"email":"a@b.c","groups":[[1],["x"]]}`,
		`{"id":7,"email":"a@b.c","boss":"Grace"}`,
		"\ufeff" + `{"readonly":"yes","email":"a@b.c","balance":{},"id":7}`,
	} {
		email := "a@b.c"
		got, err := rest.Decode[wrapped](reply(200, body), nil)
		require.NoError(t, err, body)
		assert.Equal(t, member{ID: 7, Email: &email}, got.member, body)
		got, err = rest.Decode[wrapped](reply(200, `{"data":`+body[bytes.IndexByte([]byte(body), '{'):]+`}`), nil)
		require.NoError(t, err, body)
		assert.Equal(t, &member{ID: 7, Email: &email}, got.Data, body)
	}

	got, err := rest.Decode[wrapped](reply(200, `{"id":7,"plan":{"id":"x","name":"Pro"},"boss":{"id":"y","readonly":true}}`), nil)
	require.NoError(t, err)
	assert.Equal(t, &plan{Name: "Pro"}, got.Plan, "the readable part is kept")
	assert.Equal(t, &member{Readonly: new(true)}, got.Boss)
}

func TestDecodeRejectsUnreadableStrictFields(t *testing.T) {
	decodePage := func(body string) error {
		_, err := rest.Decode[page](reply(200, body), nil)
		return err
	}
	decodeSearch := func(body string) error {
		_, err := rest.Decode[search](reply(200, body), nil)
		return err
	}
	decodeUser := func(body string) error {
		_, err := rest.Decode[wrapped](reply(200, body), nil)
		return err
	}
	for _, tt := range []struct {
		decode  func(string) error
		body    string
		problem string // empty: none
	}{
		{decodeUser, `{"id":"7"}`, `field "id" is not of type int64`},
		{decodeUser, `{"data":{"id":"7"}}`, "no id"},
		{decodeUser, `{"data":7}`, "no id"},
		{decodePage, `{"data":[{"id":7},{"id":"8"}]}`, `field "data.id" is not of type int64`},
		{decodePage, `{"total":"2","data":[{"id":"8"}]}`, `field "data.id" is not of type int64`},
		{decodePage, `{"data":[{"id":7},{"id":8,"email":7}]}`, `field "data.email" is not of type string`},
		{decodePage, `{"data":[{"id":7},"x"]}`, "no data"},
		{decodePage, `{"data":{"id":7}}`, "no data"},
		{decodePage, `{"data":[{"id":7,"boss":{"id":"x"}},null],"total":"2"}`, ""},
		{decodeSearch, `[{"id":7,"readonly":0}]`, ""},
		{decodeSearch, `{"data":[{"id":7,"readonly":0}]}`, ""},
		{decodeSearch, `[{"id":7},{"id":8,"email":{}}]`, `field "email" is not of type string`},
		{decodeSearch, `{"data":[{"id":7},{"id":"8"}]}`, `field "data.id" is not of type int64`},
		{decodeSearch, `[{"id":7},7]`, "unexpected response: JSON number"},
	} {
		err := tt.decode(tt.body)
		if tt.problem == "" {
			assert.NoError(t, err, tt.body)
			continue
		}
		assert.ErrorContains(t, err, tt.problem, tt.body)
	}
	got, err := rest.Decode[search](reply(200, `{"data":[{"id":7},7]}`), nil)
	require.NoError(t, err)
	assert.Empty(t, got, "no part of a list that cannot be read")
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"id":7,"readonly":0}`, `{"data":[{"id":7,"boss":{"id":"x"}}]}`, `[{"id":7}]`, `{"data":{"plan":[]}}`, `{"id":1,"role":"\\"","boss":{"x" : [ {} , null,true] }}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		observed := newClient(t, func(*http.Request) (*http.Response, error) { return reply(200, body), nil }, rest.WithObserver(new(events)))
		_, _ = rest.Decode[acmeUser](observed.Do(newRequest(t, t.Context(), "GET", "/user", "")))
		_, _ = rest.Decode[wrapped](reply(200, body), nil)
		_, _ = rest.Decode[page](reply(200, body), nil)
		_, _ = rest.Decode[search](reply(200, body), nil)
	})
}
