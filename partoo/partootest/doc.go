// Package partootest serves a fake Partoo for the tests of services, in memory or
// over loopback:
//
//	func TestSignUp(t *testing.T) {
//		server := partootest.NewServer()
//		client, err := partoo.New(partootest.Key, server.Options()...)
//		require.NoError(t, err)
//		server.Fail(resttest.LostResponse().On("POST /v2/user"))
//
//		require.NoError(t, signUp(t.Context(), client, "ada@example.com"))
//
//		require.Len(t, server.Users(), 1)
//	}
//
// The fake keeps users, checks the key and every input, and behaves as the
// specification says. What stands in none of the vendor's pages is marked as
// inference beside it. The quota is off unless [WithQuotas] asks for it.
package partootest
