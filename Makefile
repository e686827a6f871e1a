# usersync: everything a developer runs. Needs Go, git and make, nothing else.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
APIDIFF = golang.org/x/exp/cmd/apidiff@v0.0.0-20261014143641-f0251eb4aa3e

# The race detector needs cgo and a C compiler.
CC_FOUND := $(shell command -v "$$(go env CC | cut -d' ' -f1)" 2>/dev/null)
ifneq ($(CC_FOUND),)
RACE := CGO_ENABLED=1 go test -race
else
RACE := go test
endif

DEMO_STATE = $(CURDIR)/bin/demo-state.json

.PHONY: help test demo generate lint check bench drift update api

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
