package reliability

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/rest"
	"github.com/usersync/usersync/rest/resttest"
)

// excused is what the documents as published have against answers of the fakes, and
// why the fakes are right. Our overlays correct each of these. Against requests
// they have nothing.
var excused = map[string]string{
	"identifai createOrUpdateUser 422: status not in the document":                   "Laravel refuses input with 422; the page lists no refusal of input",
	"identifai listUsers 200: body: /data/*/balance: Value is not nullable":          nullInExample,
	"identifai listUsers 200: body: /data/*/readonly: Value is not nullable":         nullInExample,
	"identifai listUsers 200: body: /data/*/partner/balance: Value is not nullable":  nullInExample,
	"identifai listUsers 200: body: /data/*/partner/readonly: Value is not nullable": nullInExample,
	"identifai listUsers 200: body: /data/*/partner/partner: Value is not nullable":  nullInExample,
	"identifai listUsers 200: body: /data/*/partner/pricing: Value is not nullable":  "a partner may be without a plan, by inference",
	"identifai listUsers 200: body: /per_page: value must be an integer":             "Laravel echoes per_page as it came, as text",
	"identifai listUsers 200: body: /from: Value is not nullable":                    emptyPage,
	"identifai listUsers 200: body: /to: Value is not nullable":                      emptyPage,
}

const (
	nullInExample = "the vendor's own examples hold null, its schema allows none"
	emptyPage     = "Laravel's paginator puts null there on an empty page"
)

// TestEveryOperationMatchesTheSpecs makes every call of the wrappers, with an
// independent validator between it and the fake: requests must be in order by the
// documents as published and as corrected, answers by the corrected ones.
func TestEveryOperationMatchesTheSpecs(t *testing.T) {
	t.Parallel()
	seen, published := map[string]int{}, map[string]bool{}
	exchanges := 0
	for _, operation := range operations() {
		provider := operation.provider
		observe := spectest.Observe(func(id string, status int, problems []string) {
			exchanges++
			seen[provider+" "+id]++
			for _, problem := range problems {
				published[fmt.Sprintf("%s %s %d: %s", provider, id, status, problem)] = true
			}
		})
		subject := operation.start(connection{t: t, options: []rest.Option{rest.WithQuotas()}, transport: func(server *resttest.Server) http.RoundTripper {
			return spectest.Transport(t, provider, server.Client().Transport, observe)
		}})
		problem, err := subject.call(t.Context())
		require.NoError(t, err, "%s %s", provider, operation.name)
		require.Empty(t, problem, "%s %s", provider, operation.name)
	}
	var all []string
	for provider := range callsOf {
		for _, item := range spectest.Load(t, provider).Paths.Map() {
			for _, operation := range item.Operations() {
				all = append(all, provider+" "+operation.OperationID)
			}
		}
	}
	assert.ElementsMatch(t, all, slices.Collect(maps.Keys(seen)), "operations of the documents, and those called")
	assert.ElementsMatch(t, slices.Collect(maps.Keys(excused)), slices.Collect(maps.Keys(published)), strings.Join(slices.Sorted(maps.Keys(published)), "\n"))
	figure(t, "operations that pass validation against the documents", "%d of %d, in %d exchanges", len(seen), len(all), exchanges)
}
