# Reads the generated types that the wrappers pass on, a line each (partoo User),
# then apidiff's list, and tells which version the changes call for. The rest of
# gen/ carries no promise of compatibility.
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
	if (counts && worst > call) call = worst
}
END {
	split("a patch version: the promised API is the same|a minor version: the API grew|a major version, or a minor one while it is 0.x: something is gone or different", words, "|")
	print "calls for " words[call + 1]
}
