package rest

// NewTransport returns a transport like the shared one.
var NewTransport = newTransport

// VersionIn returns the version of this module in a build information.
var VersionIn = versionIn
