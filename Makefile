# usersync: everything a developer runs. Needs Go, git and make, nothing else.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
APIDIFF = golang.org/x/exp/cmd/apidiff@v0.0.0-20261014143641-f0251eb4aa3e

GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
GO_LICENSES = github.com/google/go-licenses@v1.6.0

# The race detector needs cgo and a C compiler.
CC_FOUND := $(shell command -v "$$(go env CC | cut -d' ' -f1)" 2>/dev/null)
ifneq ($(CC_FOUND),)
RACE := CGO_ENABLED=1 go test -race
else
RACE := go test
endif

DEMO_STATE = $(CURDIR)/bin/demo-state.json

.PHONY: help test demo generate lint check bench drift update api fuzz vulncheck licenses reliability

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

test: ## run every test, with the race detector where a C compiler is found
ifeq ($(CC_FOUND),)
	@echo 'no C compiler found: testing without the race detector'
endif
	$(RACE) ./...
	cd drift && $(RACE) ./...

demo: ## upsert testdata/users.csv into all three providers, twice, on embedded fakes
	@mkdir -p bin && rm -f $(DEMO_STATE)
	go build -o bin/usersync ./cmd/usersync
	@echo; echo '# first run: everyone is new, and one request is refused with a 429 on the way'
	bin/usersync upsert -provider all -fake -fake-state $(DEMO_STATE) -fake-429 testdata/users.csv
	@echo; echo '# second run: everyone is there already'
	bin/usersync upsert -provider all -fake -fake-state $(DEMO_STATE) testdata/users.csv

generate: ## regenerate gen/ from specs/
	go generate ./gen/...

lint: ## gofmt, go vet, staticcheck
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt: $$out"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	cd drift && go vet ./... && go run $(STATICCHECK) ./...
	cd bench && go vet ./... && go run $(STATICCHECK) ./...

check: lint test ## all that CI runs

# One core, so that the simulations repeat to the request.
bench: ## compare pacing and cost per call with other clients (about 20 minutes)
	cd bench && GOMAXPROCS=1 go test . -count=1 -run 'Bars|Cost'
	cd bench && GOMAXPROCS=1 go test . -count=1 -run Tables -v -peers -seeds 5 -timeout 30m
	cd bench && go test . -count=1 -run Chart -svg pacing.svg
	cd bench && go test . -count=1 -run CostTable -v -rounds 10
	cd bench && go test . -count=1 -run BulkTable -v -bulk 25

# With the race detector, so it needs a C compiler.
reliability: ## print what the clients do under every fault, many callers and chance (about a minute)
	cd internal/reliability && CGO_ENABLED=1 go test -race -count=1 -report

# How long each target runs. What fails is kept in testdata/fuzz/ of its package.
# Left to itself, go test may spend a minute on making one input smaller.
FUZZTIME ?= 20s

fuzz: ## run every fuzz target for FUZZTIME (20s) each
	@go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | while read -r package; do \
		targets=$$(go test -list '^Fuzz' $$package) || { echo "$$targets"; exit 1; }; \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			echo "# $$package $$target"; \
			go test $$package -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s || exit 1; \
		done; \
	done

# A directory or URL of a copy; the default is Go's own.
VULNDB ?=

vulncheck: ## look for known vulnerabilities in what is used; needs the network
	@GOBIN=$(CURDIR)/bin go install $(GOVULNCHECK)
	@for module in . drift bench; do \
		echo "# $$module"; bin/govulncheck -C $$module $(if $(VULNDB),-db $(VULNDB)) -test ./...; status=$$?; \
		case $$status in \
		0) ;; \
		3) exit 3;; \
		*) echo "$$module was not checked: Go's vulnerability database must be reachable, or a copy, as VULNDB=file:///DIRECTORY" >&2; exit $$status;; \
		esac; \
	done

LICENSES = $(CURDIR)/bin/go-licenses report --ignore github.com/usersync/usersync
GENERATOR = github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen

MODULES = go list -deps -test -f '{{with .Module}}module,{{.Path}}{{end}}'

# go-licenses asks for URLs that the list leaves out, and logs when it gets none.
licenses: ## write LICENSES.md, the licences of all dependencies
	@GOBIN=$(CURDIR)/bin go install $(GO_LICENSES)
	@{ for module in drift bench; do (cd $$module && $(MODULES) ./...) || exit 1; done && $(MODULES) ./... $(GENERATOR) && \
	$(LICENSES) ./identifai/... ./partoo/... ./usercom/... ./upsert/... ./*test | sed 's/$$/,programs that use the clients/' && \
	$(LICENSES) --include_tests ./... $(GENERATOR) | sed 's/$$/,the command and development/' && \
	for module in drift bench; do (cd $$module && $(LICENSES) --include_tests ./... | sed "s/$$/,$$module/") || exit 1; done; \
	} >bin/licenses.csv 2>bin/licenses.log || { cat bin/licenses.log; exit 1; }
	@awk -f .ci/licenses.awk bin/licenses.csv >LICENSES.md

# What api compares with: a commit or tag.
BASE ?= HEAD

drift: ## compare specs/ with what the vendors publish now; ARGS='-provider partoo -from FILE'
	@cd drift && go build -o ../bin/drift .
	bin/drift $(ARGS)

update: ## after a spec was edited: validate, generate, vet, test, tell what changed in the API
	go test ./specs
	$(MAKE) generate
	go vet ./...
	$(MAKE) test
	@$(MAKE) --no-print-directory api

api: ## changes of the exported API since BASE (HEAD), and the version they call for
	@rm -rf bin/base && mkdir -p bin/base && git archive $(BASE) | tar -x -C bin/base
	@cd bin/base && go run $(APIDIFF) -m -w ../base.api github.com/usersync/usersync
	@go run $(APIDIFF) -m -w bin/now.api github.com/usersync/usersync
	@go run $(APIDIFF) -m bin/base.api bin/now.api >bin/all.api
	@for p in identifai partoo usercom; do grep -ohE '= gen\.[A-Za-z0-9]+' $$p/*.go | sed "s/= gen\./$$p /"; done | sort -u >bin/promised
	@awk -f drift/api.awk bin/promised bin/all.api
	@rm -rf bin/base bin/*.api bin/promised
