#!/bin/sh
# Compares the specs with the vendors' pages and updates one issue per provider.
# Needs GITHUB_API_URL, GITHUB_REPOSITORY and GITHUB_TOKEN. Arguments are passed to
# drift. Changes and unreadable pages are in the issues and fail nothing: only an
# issue that could not be updated does.
set -eu
cd "$(dirname "$0")"
mkdir -p ../bin
go build -o ../bin/drift .
status=0
../bin/drift --issues "$@" || status=$?
if [ "$status" -gt 3 ]; then
	exit "$status"
fi
