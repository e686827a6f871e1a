// Package partoo creates and updates the users of an organisation at Partoo.
//
//	client, err := partoo.New(os.Getenv("PARTOO_API_KEY"))
//	if err != nil {
//		return err
//	}
//	result, err := client.UpsertUser(ctx, partoo.UserInput{
//		Email:     "ada@example.com",
//		FirstName: "Ada",
//		LastName:  "Lovelace",
//		Role:      partoo.RoleBusinessManager,
//	})
//
// Partoo has no upsert operation. [Client.UpsertUser] searches for the email, then
// creates the user, or sends the fields that differ, or nothing. The id in the result
// is Partoo's, a string; the other methods take this id.
//
// For many users, [Client.Bulk] lists all existing users first if that takes fewer
// requests than one search per user. Use it with upsert.All.
//
// Errors of calls are *rest.Error; use errors.As. After a 429, a call waits and tries
// again. Lost responses and 5xx are retried if that is safe; see package rest. Partoo
// allows 300 requests per minute and organisation, for all its keys together (vendor
// page "Rate Limiting").
//
// Facts name the vendor page they come from, or are marked as inference. Package
// partootest has a fake Partoo for tests.
package partoo
