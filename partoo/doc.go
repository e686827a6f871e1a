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
// creates the user, or sends the fields that differ, or nothing. The id in the result is
// Partoo's, a string; the other methods take this id.
//
// Every failed call returns a *rest.Error; package rest describes the retries. Requests
// are queued to stay within the vendor's [Quotas]. For many users, [Client.Bulk] lists
// the existing ones first if that takes fewer requests.
//
// Comments name the vendor page of each fact, or mark it as inference. Package partootest
// provides a fake Partoo for tests.
package partoo
