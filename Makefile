# Everything a developer runs. Each target prepares what it needs, on a machine with Node 20 or later, npm 11,
# Python 3 and a C library that Envoy's binary runs on; node_modules/.bin comes first, so that all else runs on the pinned Node.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

PROTO_SOURCES := $(shell find proto/src proto/protos -type f) proto/package.json proto/tsconfig.json
GENERATED := proto/src/generated schemas

.PHONY: help run test test-all etcd control-plane spire conformance-tools check gen golden bench bench-check fuzz package clean

help: ## show this table
	@printf 'make TARGET\n\n'
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup $(if $(filter kubernetes,$(DATASTORE)),control-plane) $(filter etcd,$(DATASTORE)) ## watch a real Envoy ask Ephor about each request; STAY=1 leaves it running, DATASTORE=etcd or kubernetes: policies from there
	@$(if $(filter kubernetes,$(DATASTORE)),CONTROL_PLANE="$$(node test/control-plane/build.ts)") \
	  node src/cli/main.ts demo $(if $(STAY),--stay) $(if $(DATASTORE),--datastore $(DATASTORE))

test: setup etcd ## all tests but the long ones
	@node test/run.ts

test-all: setup etcd control-plane spire conformance-tools ## all tests; needs Go, or what the next three build, built before
	@node test/run.ts --all

etcd: ## the etcd that tests talk to, from Debian's etcd-server; only root can install it
	@command -v etcd >/dev/null || { echo '== installing etcd-server (apt)'; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends etcd-server; } >&2 \
	  || { echo 'tests and demo need an etcd 3.4 or later in the PATH; on Debian: apt-get install etcd-server' >&2; exit 1; }; }

spire: setup ## build the SPIRE server and agent that tests talk to, once: ten minutes on two idle cores; needs gcc
	@node test/support/spire/build.ts

conformance-tools: setup ## build h2spec and grpc-go's interop client, once: two minutes
	@node test/support/conformance/build.ts

control-plane: setup ## build the API server that tests talk to, once: five minutes on two idle cores
	@node test/control-plane/build.ts

check: setup ## format, lint, types, and that generated files are up to date
	@echo '== format and lint'
	@biome ci --colors=off --error-on-warnings .
	@echo '== types'
	@tsc -p tsconfig.json --noEmit
	@tsc -p test/tsconfig.json
	@tsc -p proto/tsconfig.json --noEmit
	@echo '== generated files'
	@npm run --silent gen
	@git diff --exit-code --stat -- $(GENERATED) || { echo 'generated files differ: run make gen and commit them' >&2; exit 1; }
	@untracked=$$(git ls-files --others --exclude-standard -- $(GENERATED)); \
	  [ -z "$$untracked" ] || { echo "generated files are not committed: $$untracked" >&2; exit 1; }
	@echo 'check passed'

gen: setup ## write the generated files: protobuf types, JSON Schemas
	@npm run --silent gen

golden: setup ## rewrite what the command line's output is compared with; read the difference before committing it
	@UPDATE_GOLDEN=1 node --test 'test/cli/*.test.ts'

bench: setup ## measure every part against a baseline of the same run, and against other servers; needs Go
	@npm run --silent bench

bench-check: setup ## a minute of it: that a check costs no more than it did, beside other servers; needs Go
	@npm run --silent build
	@cd bench/load && go vet ./... && go test ./...
	@node bench/run.ts --only check

fuzz: setup ## a million broken requests, a hundred thousand random policies; RUNS=N for another number
	@EPHOR_RUNS=$(or $(RUNS),1000000) node test/run.ts test/fuzz
	@EPHOR_RUNS=$(or $(RUNS),100000) node test/run.ts test/properties

package: setup ## the npm package, as a .tgz
	@npm pack

clean: ## remove what can be made again
	rm -rf node_modules dist proto/dist coverage *.tgz

# Setting up. The stamp is a copy of the lock file that was installed: a checkout that touches the file without changing it
# installs nothing.
.PHONY: setup
setup: node_modules/.installed-lock proto/dist/index.js

node_modules/.installed-lock: package-lock.json
	@if cmp -s package-lock.json $@; then touch $@; else \
	  echo '== installing dependencies (npm ci)'; \
	  npm ci --no-audit --no-fund --loglevel=error --foreground-scripts; \
	  cp package-lock.json $@; \
	  touch proto/dist/index.js; \
	fi

proto/dist/index.js: $(PROTO_SOURCES) node_modules/.installed-lock
	@echo '== building proto'
	@npm run --silent build -w proto
