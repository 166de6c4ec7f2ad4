# Issue Barometer. `make` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash

GO         ?= go
BIN        := bin
TOOLS      := build/tools
LINT       := $(TOOLS)/golangci-lint-v2.15.0
NPM_STAMP  := node_modules/.package-lock.json
STYLES     := internal/api/web/dist/nhsuk-frontend.min.css
FUZZTIME   ?= 60s
CRASH_SEED ?= 1
SHARED     ?= $(abspath ../shared)
BROWSER    := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

export CGO_ENABLED ?= 0
export BAROMETER_SHARED ?= $(SHARED)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: run
run: build ## start everything on embedded engines with the demonstration world; dashboard on 127.0.0.1:8080
	$(BIN)/barometer run

.PHONY: build
build: $(NPM_STAMP) $(STYLES) ## build bin/barometer and the single-purpose commands
	$(GO) build -trimpath -o $(BIN)/ ./cmd/...

.PHONY: test
test: $(NPM_STAMP) $(STYLES) browser ## all tests, on the real engines and a real browser
	$(GO) test -timeout 20m ./...

.PHONY: test-race
test-race: $(NPM_STAMP) $(STYLES) browser ## all tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 40m ./...

.PHONY: bench
bench: $(NPM_STAMP) $(STYLES) ## every benchmark, then end-to-end throughput, latency and memory
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m ./internal/...

.PHONY: peers
peers: ## our speed beside that of the libraries one would use instead (bench/README.md)
	$(GO) -C bench test ./...
	$(GO) -C bench test -run '^$$' -bench . -benchtime 0.5s -cpu 1 -count 5 . | awk -f bench/median.awk

.PHONY: plugin
plugin: ## test and build bin/barometer-onnx, the plug-in for models of your own (plugin/onnx/README.md)
	$(GO) -C plugin/onnx test ./...
	$(GO) -C plugin/onnx build -trimpath -o $(abspath $(BIN))/barometer-onnx .

.PHONY: calibrate
calibrate: build ## measure the detectors by simulation: docs/detectors.md (some minutes)
	@mkdir -p build
	$(BIN)/barometer calibrate > build/detectors.md
	mv build/detectors.md docs/detectors.md

.PHONY: models
models: build ## train every model anew from the labelled files in SHARED/data (some minutes)
	$(BIN)/barometer models --data $(SHARED)/data --out internal/analyze/models/weights

.PHONY: crash
crash: $(NPM_STAMP) $(STYLES) ## kill processes 60 times while 200,000 posts flow, then count (CRASH_SEED=n)
	BAROMETER_CRASH_POSTS=200000 BAROMETER_CRASH_KILLS=60 BAROMETER_CRASH_SEED=$(CRASH_SEED) \
	  $(GO) test -count 1 -timeout 30m -run '^TestCrashCampaign$$' -v ./internal/app/proof

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (60s) each
	@set -e; for dir in $$(grep -rlE '^func Fuzz' --include='*_test.go' internal | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go | sed 's/^func //'); do \
	    echo "fuzz $$dir $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./$$dir; done; done

.PHONY: lint
lint: $(LINT) $(STYLES) ## golangci-lint with the import rules, formatting, go.mod tidiness
	$(LINT) run ./...
	$(GO) mod tidy -diff

.PHONY: fmt
fmt: $(LINT) ## format the code
	$(LINT) fmt ./...

.PHONY: schemas
schemas: ## write schemas/ anew from the types they describe
	$(GO) test ./internal/app ./internal/api ./internal/stream -run 'Schema|OpenAPI' -update

.PHONY: clean
clean: ## remove what was built (not ./data, which holds what was heard)
	rm -rf $(BIN) build node_modules internal/api/web/dist/nhsuk-frontend.min.css

$(NPM_STAMP): package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STYLES): $(NPM_STAMP)
	npm run --silent assets
	@touch $@

$(LINT):
	@mkdir -p $(TOOLS)
	GOBIN=$(abspath $(TOOLS)) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	@mv $(TOOLS)/golangci-lint $@

.PHONY: browser
browser:
ifeq ($(BROWSER),)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing Chromium for the browser tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "the browser tests need Chromium on the PATH: install it, then run make test again" >&2; exit 1; fi
endif
