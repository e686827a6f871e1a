package resttest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/usersync/usersync/rest/resttest"
)

func Example() {
	server := resttest.NewServer("acme", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":7}`)
	}))
	server.Fail(resttest.Throttle("60").On("POST /user"))

	for range 2 {
		resp, err := server.Client().Post(server.URL+"/user", "application/json", strings.NewReader(`{"name":"Ada"}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, resp.Header.Get("Retry-After"), string(body))
	}
	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Path, string(r.Body), r.Status)
	}
	// Output:
	// 429 60 {"message":"Too Many Requests"}
	// 200  {"id":7}
	// POST /user {"name":"Ada"} 429
	// POST /user {"name":"Ada"} 200
}
