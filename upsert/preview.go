package upsert

// Preview is what an upsert would do.
type Preview[ID comparable] struct {
	Result[ID]
	// Changes are the fields that an update would send. It is empty unless the
	// outcome is Updated.
	Changes []Change
}

// Change is one field that an update would send.
type Change struct {
	// Field is the vendor's name of the field.
	Field string `json:"field"`
	// Old is the present value; nil if it is unknown or not set.
	Old any `json:"old"`
	// New is the value to be sent; nil for a password, which is never shown.
	New any `json:"new"`
}
