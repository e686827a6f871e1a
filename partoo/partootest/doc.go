// Package partootest provides a fake Partoo for tests, in memory or on loopback:
//
//	func TestSignUp(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) { // waits take no time
//			server := partootest.NewServer()
//			client, err := partoo.New(partootest.Key, server.Options()...)
//			require.NoError(t, err)
//			server.Fail(resttest.LostResponse().On("POST /v2/user"))
//
//			require.NoError(t, signUp(t.Context(), client, "ada@example.com"))
//
//			require.Len(t, server.Users(), 1)
//		})
//	}
//
// The fake stores users, checks the API key and all input, and follows the spec.
// Behaviour that the vendor does not document is marked as inference. The quota is
// only enforced with [WithQuotas].
package partootest
