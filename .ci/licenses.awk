# Writes LICENSES.md. Reads the modules in use, as "module,PATH", and then lines of
# go-licenses with what the package is for behind them: "PACKAGE,URL,LICENCE,FOR".
# The first use of a module is the one that counts.
BEGIN {
	FS = ","
	print "# Licences of the dependencies\n\nWritten by `make licenses`.\n"
	print "| module | licence | for |\n|---|---|---|"
}
$1 == "module" { modules[$2]; next }
{
	module = $1
	while (!(module in modules) && sub("/[^/]*$", "", module));
	if (seen[module, $3]++) next
	print "| " module " | " ($3 == "Unknown" ? "not recognised, see its licence file" : $3) " | " $4 " |"
}
