// Package usercomtest serves a fake user.com for the tests of services, in memory
// or over loopback:
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
// The fake keeps users, checks the key and every input, and answers as Django REST
// framework does. That user.com is built on it is inference, and so is all of the
// fake that stands on none of the vendor's pages: the bodies of refusals, the
// status of a create, what null does, and more that is marked where it is.
package usercomtest
