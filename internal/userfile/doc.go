// Package userfile reads the rows of CSV and JSONL files as spreadsheets and programs
// export them. It knows columns by name only; what a column means is up to the caller.
package userfile
