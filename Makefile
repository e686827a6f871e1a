# usersync: everything a developer runs. Needs Go, git and make, nothing else.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The race detector needs cgo and a C compiler.
CC_FOUND := $(shell command -v "$$(go env CC | cut -d' ' -f1)" 2>/dev/null)
ifneq ($(CC_FOUND),)
RACE := CGO_ENABLED=1 go test -race
else
RACE := go test
endif

DEMO_STATE = $(CURDIR)/bin/demo-state.json

.PHONY: help test demo generate lint check bench

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

test: ## run every test, with the race detector where a C compiler is found
ifeq ($(CC_FOUND),)
	@echo 'no C compiler found: testing without the race detector'
endif
	$(RACE) ./...

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

check: lint test ## all that CI runs

# One core, so that the simulations repeat to the request.
bench: ## compare pacing and cost per call with other clients (about 20 minutes)
	cd bench && GOMAXPROCS=1 go test . -count=1 -run 'Bars|Cost'
	cd bench && GOMAXPROCS=1 go test . -count=1 -run Tables -v -peers -seeds 5 -timeout 30m
	cd bench && go test . -count=1 -run Chart -svg pacing.svg
	cd bench && go test . -count=1 -run CostTable -v -rounds 10
