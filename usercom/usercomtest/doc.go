// Package usercomtest provides a fake user.com server for the tests of services,
// in memory or over loopback:
//
//	func TestSignUp(t *testing.T) {
//		server := usercomtest.NewServer()
//		client, err := usercom.New("", usercomtest.Key, server.Options()...)
//		require.NoError(t, err)
//		server.Fail(resttest.LostResponse())
//
//		require.NoError(t, signUp(t.Context(), client, "4711"))
//
//		require.Len(t, server.Users(), 1)
//	}
//
// The fake stores users, checks the key and every input, and responds like Django
// REST framework. That user.com uses this framework is inference, and so is every
// behaviour that is not on the vendor's pages: error bodies, the status of a
// create, the effect of null, and more that is marked in the code.
package usercomtest
