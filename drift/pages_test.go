package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNothingChanged(t *testing.T) {
	t.Parallel()
	for _, provider := range providers {
		v := newVendor(t, provider)
		for _, page := range keys(v.pages) {
			code, report := drift(t, provider, v.save(page)...)
			assert.Equal(t, exitNoChange, code, "%s: %+v", page, report)
			assert.Len(t, report.NotFound, len(v.pages)-1, "the other operations are listed")
		}
		code, report := drift(t, provider, v.save()...)
		assert.Equal(t, exitNoChange, code, "%+v", report)
		assert.Empty(t, report.NotFound)
		code, report = drift(t, provider, "--from", "../specs/"+provider+".yaml")
		assert.Equal(t, exitNoChange, code, "%+v", report)
	}
}

func TestPageWithAChange(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "identifai")
	v.edit(write1, drop, "paths", "/api/partner/user", "post", "requestBody", "content", "multipart/form-data", "schema", "properties", "newsletter")
	code, report := drift(t, "identifai", v.save(write1)...)
	assert.Equal(t, exitChanged, code)
	require.Len(t, report.Changes, 1)
	assert.Equal(t, "field newsletter removed", report.Changes[0].What)
}

// A page may contain an operation that the spec does not have.
func TestPageWithANewOperation(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "identifai")
	v.edit(write1, set(object{"get": newOp}), "paths", "/api/other")
	_, report := drift(t, "identifai", v.save(write1)...)
	require.Len(t, report.Changes, 1)
	assert.Equal(t, "GET /api/other", report.Changes[0].Place)
	assert.Equal(t, Additive, report.Changes[0].Group)
}

func TestWholeDocumentShowsRemovedOperations(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	delete(v.pages, getUser)
	docs := make([]*document, 0, len(v.pages))
	for _, page := range keys(v.pages) {
		d, err := parsePage(page, v.text(page))
		require.NoError(t, err)
		docs = append(docs, d)
	}
	fragments, contradictions := merge(docs)
	require.Empty(t, contradictions)
	whole := write(t, t.TempDir(), "openapi.json", canonical(join(fragments)))

	code, report := drift(t, "partoo", "--from", whole)

	assert.Equal(t, exitChanged, code)
	require.Len(t, report.Changes, 1, "%+v", report)
	assert.Equal(t, Breaking, report.Changes[0].Group)
	assert.Equal(t, getUser, report.Changes[0].Place)
	assert.Equal(t, "operation removed", report.Changes[0].What)
	assert.Equal(t, "reference-page", report.Changes[0].OurSource)
	assert.Empty(t, report.NotFound)
}

func TestSharedSchemaIsReportedOnceWithItsOperations(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "partoo")
	for _, page := range keys(v.pages) {
		if lang, ok := mapping(mapping(v.pages[page]["components"])["schemas"])["Lang"].(map[string]any); ok {
			lang["enum"] = append(slices.Clone(lang["enum"].([]any)), "tlh")
		}
	}
	_, report := drift(t, "partoo", v.save()...)
	require.Len(t, report.Changes, 1, "%+v", report.Changes)
	assert.ElementsMatch(t, []string{"GET /user/me", search, getUser, create, "POST /user/{user_id}"}, report.Changes[0].Operations)
}
