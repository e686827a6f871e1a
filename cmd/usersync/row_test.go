package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/usersync/usersync/identifai"
	"github.com/usersync/usersync/internal/fields"
	"github.com/usersync/usersync/internal/spectest"
	"github.com/usersync/usersync/partoo"
	"github.com/usersync/usersync/usercom"
)

// upsertProperties returns the properties of the requests that create users: those with all
// required columns, to paths without parameters.
func upsertProperties(t *testing.T, p *provider) openapi3.Schemas {
	t.Helper()
	properties := make(openapi3.Schemas)
	for path, item := range spectest.Load(t, p.name).Paths.Map() {
		for _, operation := range item.Operations() {
			if operation.RequestBody == nil || strings.Contains(path, "{") {
				continue
			}
			for _, media := range operation.RequestBody.Value.Content {
				schema := media.Schema.Value
				if forms := append(schema.OneOf, schema.AnyOf...); len(forms) > 0 {
					schema = forms[0].Value // version 1 of the API
				}
				if !slices.ContainsFunc(p.columns, func(c fields.Field) bool { return c.Required && schema.Properties[c.Name] == nil }) {
					maps.Copy(properties, schema.Properties)
				}
			}
		}
	}
	require.NotEmpty(t, properties, "%s: no operation of the spec creates users with the required columns", p.name)
	return properties
}

// Every property of the upsert in the spec is a declared field, and so a column.
func TestEveryFieldOfTheSpecsHasAColumn(t *testing.T) {
	for _, p := range providers() {
		var columns []string
		for _, c := range p.columns {
			columns = append(columns, c.Name)
		}
		assert.Subset(t, columns, slices.Collect(maps.Keys(upsertProperties(t, p))), p.name)
	}
}

func TestHelpNamesEveryColumnAndValue(t *testing.T) {
	help := usersync(t, "", "help", "upsert")
	assert.Equal(t, exitOK, help.status)
	for _, p := range providers() {
		_, section, found := strings.Cut(help.out, "\nColumns of "+p.name)
		require.True(t, found)
		section, _, _ = strings.Cut(section, "\n\n")
		columns := make(map[string]string)
		for line := range strings.Lines(section) {
			name, text, _ := strings.Cut(strings.TrimLeft(line, "* "), " ")
			columns[name] = text
		}
		for name, property := range upsertProperties(t, p) {
			require.Contains(t, columns, name)
			for _, value := range property.Value.Enum {
				text, err := json.Marshal(value)
				require.NoError(t, err)
				assert.Contains(t, columns[name], strings.Trim(string(text), `"`), "%s %s", p.name, name)
			}
		}
		for _, s := range p.env {
			assert.Contains(t, help.out, s.name)
		}
	}
}

// Each column, in both formats, sets its field of the input.
func TestEveryColumn(t *testing.T) {
	t.Run("identifai", func(t *testing.T) {
		want := identifai.UserInput{
			ID: new(int64(7)), Name: "Ada Lovelace", Email: "ada@example.com", Password: "s3cret", Heuristic: "Average", PricingID: 2,
			Readonly: new(true), Newsletter: new(false), SaveFiles: new(false),
		}
		csv := lines("id,name,email,password,heuristic,pricing_id,readonly,newsletter,save_files",
			"7,Ada Lovelace,ada@example.com,s3cret,Average,2,TRUE,0,false")
		jsonl := lines(`{"id":7,"name":"Ada Lovelace","email":"ada@example.com","password":"s3cret","heuristic":"Average","pricing_id":2,"readonly":true,"newsletter":false,"save_files":false}`)
		assertInput(t, identifaiProvider(), csv, jsonl, want)
	})
	t.Run("partoo", func(t *testing.T) {
		want := partoo.UserInput{
			Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", OrgID: new(int64(42)), Accesses: [][]int64{{1, 2}, {3}},
			BusinessIDs: []string{"a", "b"}, Role: partoo.RolePublisher, CustomRole: "editor", SidebarPages: []partoo.SidebarPage{},
			Lang: "pt-br", SSOOnly: new(false),
			OnCreate: partoo.OnCreate{SendInvitation: new(true), Status: partoo.UserStatusInvited, Password: "Pa55word!"},
		}
		csv := lines("email,first_name,last_name,org_id,accesses,business_ids,role,custom_role,sidebar_pages,send_invitation,status,password,lang,sso_only",
			`ada@example.com,Ada,Lovelace,42,"[[1,2],[3]]",a; b,PUBLISHER,editor,[],1,invited,Pa55word!,pt-br,0`)
		jsonl := lines(`{"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace","org_id":42,"accesses":[[1,2],[3]],"business_ids":["a","b"],"role":"PUBLISHER",` +
			`"custom_role":"editor","sidebar_pages":[],"send_invitation":true,"status":"invited","password":"Pa55word!","lang":"pt-br","sso_only":false}`)
		assertInput(t, partooProvider(), csv, jsonl, want)
	})
	t.Run("usercom", func(t *testing.T) {
		want := usercom.UserInput{
			UserID: "4711", Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", PhoneNumber: "+442079460101",
			Gender: usercom.GenderFemale, Status: usercom.UserStatusUser, City: "London", Region: "England", Country: "UK", Timezone: "Europe/London",
			CompanyID: "acme", AssignedTo: 5, Score: new(int64(0)), Notifications: new(false), Unsubscribed: new(true),
			FacebookURL: "https://f.example", GoogleURL: "https://g.example", GravatarURL: "https://v.example", LinkedInURL: "https://l.example", TwitterURL: "https://t.example",
			Attributes: map[string]any{"plan": "pro", "seats": json.Number("9007199254740993")},
		}
		csv := lines("user_id,email,first_name,last_name,phone_number,gender,status,city,region,country,timezone,company_id,assigned_to,score,notifications,unsubscribed,"+
			"facebook_url,google_url,gravatar_url,linkedin_url,twitter_url,attributes",
			`4711,ada@example.com,Ada,Lovelace,+442079460101,female,2,London,England,UK,Europe/London,acme,5,0,0,true,`+
				`https://f.example,https://g.example,https://v.example,https://l.example,https://t.example,"{""plan"":""pro"",""seats"":9007199254740993}"`)
		jsonl := lines(`{"user_id":"4711","email":"ada@example.com","first_name":"Ada","last_name":"Lovelace","phone_number":"+442079460101","gender":3,"status":"user",` +
			`"city":"London","region":"England","country":"UK","timezone":"Europe/London","company_id":"acme","assigned_to":5,"score":0,"notifications":false,"unsubscribed":true,` +
			`"facebook_url":"https://f.example","google_url":"https://g.example","gravatar_url":"https://v.example","linkedin_url":"https://l.example","twitter_url":"https://t.example",` +
			`"attributes":{"plan":"pro","seats":9007199254740993}}`)
		assertInput(t, usercomProvider(), csv, jsonl, want)
	})
}

func assertInput[U any](t *testing.T, of *provider, csv, jsonl string, want U) {
	t.Helper()
	assert.Equal(t, []U{want}, usersOf[U](t, of, "csv", csv))
	assert.Equal(t, []U{want}, usersOf[U](t, of, "jsonl", jsonl))
}

// Empty cells leave the zero value, so that it is not sent.
func TestEmptyCellsAreNotSent(t *testing.T) {
	want := []partoo.UserInput{{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"}}
	csv := lines("email,first_name,last_name,role,accesses,business_ids,sso_only,org_id,password,heuristic,usercom.gender", "ada@example.com,Ada,Lovelace,, ,,,,,Average,9")
	jsonl := lines(`{"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace","role":"","accesses":null,"business_ids":null,"sso_only":null,"partoo":null,"usercom":{"gender":9}}`)
	assert.Equal(t, want, usersOf[partoo.UserInput](t, partooProvider(), "csv", csv))
	assert.Equal(t, want, usersOf[partoo.UserInput](t, partooProvider(), "jsonl", jsonl))
}

func TestProviderColumnOverridesSharedColumn(t *testing.T) {
	csv := lines("first_name,last_name,partoo.first_name,email,user_id,usercom.email",
		"Ada,Lovelace,Augusta,ada@example.com,1,ada@example.org", "Bea,Brown,,bea@example.com,2,")
	assert.Equal(t, []partoo.UserInput{
		{Email: "ada@example.com", FirstName: "Augusta", LastName: "Lovelace"},
		{Email: "bea@example.com", FirstName: "Bea", LastName: "Brown"},
	}, usersOf[partoo.UserInput](t, partooProvider(), "csv", csv))
	assert.Equal(t, []usercom.UserInput{
		{UserID: "1", Email: "ada@example.org", FirstName: "Ada", LastName: "Lovelace"},
		{UserID: "2", Email: "bea@example.com", FirstName: "Bea", LastName: "Brown"},
	}, usersOf[usercom.UserInput](t, usercomProvider(), "csv", csv))
}

func TestBOMLineEndingsAndQuotes(t *testing.T) {
	want := []partoo.UserInput{{Email: "zoe@example.com", FirstName: "Zoë \"Z\"", LastName: "Müller, Köln"}}
	csv := "\uFEFFemail , first_name,last_name\r\nzoe@example.com,\"Zoë \"\"Z\"\"\",\"Müller, Köln\"\r\n"
	jsonl := "\uFEFF" + `{"email":"zoe@example.com","first_name":"Zoë \"Z\"","last_name":"Müller, Köln"}` + "\r\n"
	assert.Equal(t, want, usersOf[partoo.UserInput](t, partooProvider(), "csv", csv))
	assert.Equal(t, want, usersOf[partoo.UserInput](t, partooProvider(), "jsonl", jsonl))
}
