// Package partoo keeps the users of an organisation at Partoo up to date.
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
// Partoo has no upsert of its own. [Client.UpsertUser] searches for the address
// and then creates the user, or sends what differs, or nothing. The id in its
// result is Partoo's, a string; every other method takes that one.
//
// For many users, [Client.Bulk] reads all that exist once, where that takes fewer
// requests than a search for each, and upserts them with upsert.All.
//
// Every call that fails returns a *rest.Error, to be had with errors.As. 429 answers are
// waited out, lost and 502 to 504 answers are repeated where that is safe, as
// package rest says. Partoo allows 300 requests a minute per organisation (vendor
// page "Rate Limiting"), which all keys of the organisation share.
//
// Facts name the vendor page they come from; what stands on none is marked as
// inference. Package partootest serves a fake Partoo for tests.
package partoo
