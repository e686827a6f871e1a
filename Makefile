# usersync: every command a developer runs. Needs Go, git and make, nothing else.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
APIDIFF = golang.org/x/exp/cmd/apidiff@v0.0.0-20261014143641-f0251eb4aa3e
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
GO_LICENSES = github.com/google/go-licenses@v1.6.0

# The modules are the directories with a go.mod, the root first. The providers are the specs.
MODULES := $(patsubst %/,%,$(sort $(dir $(shell git ls-files --cached --others --exclude-standard go.mod '*/go.mod' | grep -v testdata/))))
NESTED := $(filter-out .,$(MODULES))
PROVIDERS := $(sort $(filter-out %.overlay,$(basename $(notdir $(wildcard specs/*.yaml)))))

# The simulations of bench need a long time to build and one core to repeat exactly: .ci/run tests them.
TESTED := $(filter-out bench,$(MODULES))

# The race detector needs cgo and a C compiler.
CC_FOUND := $(shell command -v "$$(go env CC | cut -d' ' -f1)" 2>/dev/null)
ifneq ($(CC_FOUND),)
RACE := CGO_ENABLED=1 go test -race
else
RACE := go test
endif

DEMO_STATE = $(CURDIR)/bin/demo-state.json

# in runs a command in each of the modules: $(call in,MODULES,COMMAND)
in = for module in $(1); do (cd $$module && echo "\# $$module: $(strip $(2))" && $(2)) || exit 1; done

.PHONY: help test quick soak demo generate lint vet check modules bench drift update api fuzz vulncheck licenses reliability

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 13

test: ## run all tests, with the race detector if a C compiler is found
ifeq ($(CC_FOUND),)
	@echo 'no C compiler found: testing without the race detector'
endif
	@$(call in,$(TESTED),$(RACE) -timeout 30m ./...)

quick: ## run the tests without the race detector and without the reliability suite
	go test -short $$(go list ./... | grep -v /internal/reliability)
	go test -run 'Entry|Specs|Credential|NilContext' ./internal/reliability
	@$(call in,$(filter-out .,$(TESTED)),go test -short ./...)

# A test with Soak in its name is skipped unless this variable is set.
soak: ## run the long forms of tests (hours)
	@$(call in,$(MODULES),USERSYNC_SOAK=1 go test -count=1 -timeout 12h -v -run Soak ./...)
	cd internal/reliability && go test -count=1 -timeout 2h -run Model -rapid.checks 5000
	$(MAKE) reliability

modules: ## list the modules of this repository
	@printf '%s\n' $(MODULES)

demo: ## upsert testdata/users.csv into all three providers, twice, on in-memory fakes
	@mkdir -p bin && rm -f $(DEMO_STATE)
	go build -o bin/usersync ./cmd/usersync
	@echo; echo '# first run: all users are new, and one request gets a 429'
	bin/usersync upsert --provider all --fake --fake-state $(DEMO_STATE) --fake-429 testdata/users.csv
	@echo; echo '# second run: all users exist'
	bin/usersync upsert --provider all --fake --fake-state $(DEMO_STATE) testdata/users.csv

generate: ## regenerate gen/ from specs/
	@cd drift && go run ./regenerate $(PROVIDERS)

lint: ## run gofmt, go vet and staticcheck
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt: $$out"; exit 1; }
	@$(call in,$(MODULES),go vet ./... && go run $(STATICCHECK) ./...)

# The modules that services import. lint covers all modules on this system.
vet: ## run go vet for macOS and Windows on what services import
	@for os in darwin windows; do echo "# GOOS=$$os"; export GOOS=$$os; $(call in,. redispacer usersyncotel,go vet ./...); done

check: lint vet test ## run what CI runs, except the simulations and the checks of generated files

# On one core the simulations repeat exactly.
bench: ## compare pacing and cost per call with other clients (about 20 minutes)
	cd bench && GOMAXPROCS=1 go test . -count=1 -run 'Bars|Cost'
	cd bench && GOMAXPROCS=1 go test . -count=1 -run Tables -v -others -seeds 5 -timeout 30m
	cd bench && go test . -count=1 -run Chart -svg pacing.svg
	cd bench && go test . -count=1 -run CostTable -v -rounds 10
	cd bench && go test . -count=1 -run BulkTable -v -bulk 25

# With the race detector, so it needs a C compiler.
reliability: ## print the table of docs/reliability.md: faults, many callers, random sequences
	cd internal/reliability && CGO_ENABLED=1 go test -race -count=1 -timeout 30m -report

# Each target runs for FUZZTIME. An input that fails is kept in testdata/fuzz/ of its package.
# Without -fuzzminimizetime, go test may spend a minute on making one input smaller.
FUZZTIME ?= 20s

fuzz: ## run every fuzz target for FUZZTIME (20s) each
	@for module in $(MODULES); do (cd $$module && \
		go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | while read -r package; do \
			targets=$$(go test -list '^Fuzz' $$package) || { echo "$$targets"; exit 1; }; \
			for target in $$(echo "$$targets" | grep '^Fuzz'); do \
				echo "# $$package $$target"; \
				go test $$package -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s || exit 1; \
			done; \
		done) || exit 1; \
	done

# URL of a copy of the vulnerability database; the default is Go's own.
VULNDB ?=

vulncheck: ## look for known vulnerabilities in all modules; needs the network
	@GOBIN=$(CURDIR)/bin go install $(GOVULNCHECK)
	@for module in $(MODULES); do \
		echo "# $$module"; bin/govulncheck -C $$module $(if $(VULNDB),-db $(VULNDB)) -test ./...; status=$$?; \
		case $$status in \
		0) ;; \
		3) exit 3;; \
		*) echo "$$module was not checked: Go's vulnerability database must be reachable, or a copy, as VULNDB=file:///DIRECTORY" >&2; exit $$status;; \
		esac; \
	done

REPORT = $(CURDIR)/bin/go-licenses report --ignore github.com/usersync/usersync
GENERATOR = github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen
DEPENDENCIES = go list -deps -test -f '{{with .Module}}module,{{.Path}}{{end}}'

# go-licenses asks for URLs that the list does not contain, and logs when it gets none.
licenses: ## write LICENSES.md, the licences of all dependencies
	@GOBIN=$(CURDIR)/bin go install $(GO_LICENSES)
	@{ for module in $(NESTED); do (cd $$module && $(DEPENDENCIES) ./...) || exit 1; done && $(DEPENDENCIES) ./... $(GENERATOR) && \
	$(REPORT) $(PROVIDERS:%=./%/...) ./upsert/... | sed 's/$$/,programs that use the clients/' && \
	$(REPORT) --include_tests ./... $(GENERATOR) | sed 's/$$/,the command and development/' && \
	for module in $(NESTED); do (cd $$module && $(REPORT) --include_tests ./... | sed "s:$$:,$$module:") || exit 1; done; \
	} >bin/licenses.csv 2>bin/licenses.log || { cat bin/licenses.log; exit 1; }
	@awk -f .ci/licenses.awk bin/licenses.csv >LICENSES.md

# What api compares with: a commit or tag.
BASE ?= HEAD

drift: ## compare specs/ with what the vendors publish now; ARGS='--provider partoo --from FILE'
	@cd drift && go build -o ../bin/drift .
	bin/drift $(ARGS)

# The providers that update is for, and a pattern for their names.
UPDATED = $(or $(PROVIDER),$(PROVIDERS))
empty :=
UPDATED_PATTERN = ^($(subst $(empty) ,|,$(strip $(UPDATED))))$$$$

update: ## after a change of a spec: validate, generate, vet and test PROVIDER=partoo (default all), then list what else to run
	go test -count=1 ./specs -run '^TestSpecIsValid$$/$(UPDATED_PATTERN)'
	cd drift && go run ./regenerate $(UPDATED)
	go vet $(UPDATED:%=./gen/%) $(UPDATED:%=./%/...)
	go test ./internal/reliability -run '^TestEvery(OperationMatchesTheSpecs|MethodHasAnEntry)$$'
	go test ./specs ./gen ./internal/spectest ./internal/wrappertest $(UPDATED:%=./%/...)
	@echo; echo 'To do: review the changes with git diff, then run:'
	@echo '  make test   all tests, with the race detector'
	@echo '  make api    changes of the exported API and the version they require'
	@echo '  make drift  compare the specs with the vendors again'

api: ## list changes of the exported API since BASE (HEAD) and the version they require
	@rm -rf bin/base && mkdir -p bin/base && git archive $(BASE) | tar -x -C bin/base
	@cd bin/base && go run $(APIDIFF) -m -w ../base.api github.com/usersync/usersync
	@go run $(APIDIFF) -m -w bin/now.api github.com/usersync/usersync
	@go run $(APIDIFF) -m bin/base.api bin/now.api >bin/all.api
	@for p in $(PROVIDERS); do grep -ohE '= gen\.[A-Za-z0-9]+' $$p/*.go | sed "s/= gen\./$$p /"; done | sort -u >bin/promised
	@awk -f drift/api.awk bin/promised bin/all.api
	@rm -rf bin/base bin/*.api bin/promised
