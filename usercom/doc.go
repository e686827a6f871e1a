// Package usercom creates and updates the users of a user.com application.
//
//	client, err := usercom.New("app", os.Getenv("USERCOM_API_KEY")) // https://app.user.com
//	if err != nil {
//		return err
//	}
//	result, err := client.UpsertUser(ctx, usercom.UserInput{
//		UserID: "4711",
//		Email:  "ada@example.com",
//	})
//
// [Client.UpsertUser] creates the user with that UserID, or updates it. The id of
// the result is user.com's own integer id, which every other method takes.
//
// Every failed call returns a *rest.Error. Retries are described in package rest:
// a call waits after a 429, and is retried after a lost response or a 502 to 504
// where that is safe.
//
// The vendor publishes no OpenAPI document; the client is generated from a spec
// written from its pages. Facts that are not on these pages are marked as
// inference. Package usercomtest provides a fake user.com for tests.
package usercom
