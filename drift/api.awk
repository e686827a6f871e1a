# Reads the generated types that the wrappers export, one per line (partoo User),
# then the list of apidiff, and prints the version that the changes require. The
# rest of gen/ has no promise of compatibility.
FNR == NR { promised[$1 "." $2]; next }
{ print }
/^Incompatible changes:/ { worst = 2 }
/^Compatible changes:/ { worst = 1 }
/^- / {
	name = $2
	sub(/:.*$/, "", name)
	counts = 1
	if (sub(/^\.\/gen\//, "", name)) {
		split(name, part, ".")
		counts = (part[1] "." part[2]) in promised
	}
	if (counts && worst > level) level = worst
}
END {
	split("a patch version: the promised API is the same|a minor version: the API grew|a major version, or a minor one while it is 0.x: something was removed or changed", words, "|")
	print "requires " words[level + 1]
}
