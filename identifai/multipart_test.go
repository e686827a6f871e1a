package identifai_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/identifai/identifaitest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// crlf joins the lines of a body as they are sent.
func crlf(lines ...string) string { return strings.Join(lines, "\r\n") }

func part(name, value string) string {
	return crlf("--B", `Content-Disposition: form-data; name="`+name+`"`, "", value, "")
}

func TestUpsertRequestsExact(t *testing.T) {
	full := ada()
	full.ID, full.Password = new(int64(7)), "Pa55word!"
	full.Readonly, full.Newsletter, full.SaveFiles = new(true), new(false), new(true)
	tests := []struct {
		name    string
		input   identifai.UserInput
		options []rest.Option
		want    string
	}{
		{"create", ada(), nil,
			part("id", "") + part("name", "Ada Lovelace") + part("email", "ada@example.com") +
				part("heuristic", "Average") + part("pricing_id", "2") + "--B--\r\n"},
		{"update with every part", full, nil,
			part("id", "7") + part("name", "Ada Lovelace") + part("email", "ada@example.com") + part("password", "Pa55word!") +
				part("heuristic", "Average") + part("pricing_id", "2") +
				part("readonly", "1") + part("newsletter", "0") + part("save_files", "1") + "--B--\r\n"},
		{"booleans as text", full, []rest.Option{identifai.WithTextBooleans()},
			part("id", "7") + part("name", "Ada Lovelace") + part("email", "ada@example.com") + part("password", "Pa55word!") +
				part("heuristic", "Average") + part("pricing_id", "2") +
				part("readonly", "true") + part("newsletter", "false") + part("save_files", "true") + "--B--\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var fakes []identifaitest.Option
				if tt.options != nil {
					fakes = append(fakes, identifaitest.WithTextBooleans())
				}
				server := identifaitest.NewServer(fakes...)
				seven := ada()
				seven.ID, seven.Email = new(int64(7)), "other@example.com"
				server.AddUser(seven)
				_, err := connect(t, server, nil, tt.options...).UpsertUser(t.Context(), tt.input)
				require.NoError(t, err)
				requests := server.Requests()
				require.Len(t, requests, 1)
				r := requests[0]
				assert.Equal(t, "POST /api/partner/user", r.Method+" "+r.Path)
				assert.Empty(t, r.Query)
				assert.Equal(t, tt.want, normalised(t, r))
				assert.Equal(t, "application/json", r.Header.Get("Accept"))
				assert.Equal(t, "usersync-go/"+rest.Version(), r.Header.Get("User-Agent"))
				assert.NotEmpty(t, r.Header.Get("Content-Length"), "not chunked")
			})
		})
	}
}

func TestCredentialIsSent(t *testing.T) {
	var got http.Header
	client, err := identifai.New("the-key", rest.WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		got = r.Header.Clone()
		assert.Equal(t, "https://backend.identifai.net/api/user/credits", r.URL.String())
		return nil, io.ErrUnexpectedEOF
	})}), rest.WithRetry(noWaits))
	require.NoError(t, err)
	_, err = client.Credits(t.Context())
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, "the-key", got.Get("X-Api-Key"))
}

func TestSendCreationEmailRequestExact(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		user := server.AddUser(ada())
		_, err := client.SendCreationEmail(t.Context(), *user.ID)
		require.NoError(t, err)
		r := server.Requests()[0]
		assert.Equal(t, mailURL, r.Method+" "+r.Path)
		assert.Equal(t, part("id", "1")+"--B--\r\n", normalised(t, r))
		assert.Equal(t, []int64{1}, server.EmailsSent())
	})
}

func TestBodyIsRetriedByteForByte(t *testing.T) {
	bubble(t, func(t *testing.T, server *identifaitest.Server, client *identifai.Client) {
		server.Fail(resttest.Throttle("1"), resttest.Throttle("0"))
		_, err := client.UpsertUser(t.Context(), ada())
		require.NoError(t, err)
		requests := server.Requests()
		require.Len(t, requests, 3)
		assert.Equal(t, requests[0].Body, requests[1].Body)
		assert.Equal(t, requests[0].Body, requests[2].Body)
		assert.Equal(t, requests[0].Header.Get("Content-Type"), requests[2].Header.Get("Content-Type"))
	}, 429)
}

// FuzzMultipart parses the encoder's bodies with two independent parsers.
func FuzzMultipart(f *testing.F) {
	f.Add("Ada", "ada@example.com", "Pa55\"word", "Average", int64(2), byte(0))
	f.Add("a\r\n--B\r\nb", "ada@example.com", "", "x\x00y", int64(1), byte(7))
	f.Add("Grzegorz Brzęczyszczykiewicz", "a@b", "\r\n", `";name="id"`, int64(1<<62), byte(42))
	f.Fuzz(func(t *testing.T, name, email, password, heuristic string, pricing int64, flags byte) {
		input := identifai.UserInput{Name: name, Email: email, Password: rest.Secret(password), Heuristic: heuristic, PricingID: pricing}
		want := map[string]string{"id": "", "name": name, "email": email, "heuristic": heuristic, "pricing_id": decimal(pricing)}
		if password != "" {
			want["password"] = password
		}
		for i, flag := range []struct {
			name  string
			value **bool
		}{{"readonly", &input.Readonly}, {"newsletter", &input.Newsletter}, {"save_files", &input.SaveFiles}} {
			switch flags >> (2 * i) & 3 {
			case 1:
				*flag.value, want[flag.name] = new(false), "0"
			case 2, 3:
				*flag.value, want[flag.name] = new(true), "1"
			}
		}
		if input.Validate() != nil {
			return
		}
		assert.Equal(t, want, parsed(t, input))
	})
}

// parsed returns the parts of the request that an upsert of u sends.
func parsed(t *testing.T, u identifai.UserInput) map[string]string {
	t.Helper()
	parts := make(map[string]string)
	client, err := identifai.New("key", rest.WithRetry(noWaits), rest.WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPost {
			return nil, io.EOF
		}
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		assert.Equal(t, int64(len(body)), r.ContentLength)
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		require.NoError(t, err)
		form, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).ReadForm(1 << 20)
		require.NoError(t, err)
		assert.Empty(t, form.File)
		for name, values := range form.Value {
			require.Len(t, values, 1)
			parts[name] = values[0]
		}
		strict, err := strictForm(string(body), params["boundary"])
		require.NoError(t, err)
		assert.Equal(t, parts, strict)
		return nil, io.EOF
	})}))
	require.NoError(t, err)
	_, err = client.UpsertUser(t.Context(), u)
	require.Error(t, err)
	return parts
}
