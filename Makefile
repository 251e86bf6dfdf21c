# make run: a devnet with one validator.   make test: every test.   Nothing but Node.js >= 20.19 is needed.

NODE ?= node
# Transactions live for a second or two: a larger nursery keeps them from growing old and saves a fifth of the CPU.
NODE_FLAGS := --max-semi-space-size=64
NPM ?= npm
VALIDATORS ?= 4

installed := node_modules/.package-lock.json
model_installed := test/model/node_modules/.package-lock.json
# Other versions of Node.js, for the test that compares their traces. They are binaries for this platform alone.
nodes_installed := $(if $(filter Linux-x86_64,$(shell uname -sm | tr ' ' -)),test/nodes/node_modules/.package-lock.json)
built := dist/build-info.json

.PHONY: run devnet test test-net lint build bench bench-silent bench-wire bench-hostile bench-sync sim mutants coverage storm model clean check-node

run: build
	$(NODE) $(NODE_FLAGS) bin/aitbc-node.js start --network devnet

devnet: build
	$(NODE) $(NODE_FLAGS) bin/aitbc-node.js devnet --validators $(VALIDATORS)

# ONLY=part-of-a-path runs the test files that match.
test: build $(model_installed) $(nodes_installed)
	$(NODE) --import tsx test/run.ts $(ONLY)

# Partitions, loss, delay and home routers between hosts made of network namespaces, longer than in `make test`: about nine
# minutes. What measures runs alone.
test-net: build
	NET=full $(NODE) --import tsx test/run.ts test/net/weather
	NET=full $(NODE) --import tsx test/run.ts test/net/frames test/net/nat test/net/partition test/net/router

lint: $(installed)
	$(NPM) run --silent lint

build: $(built)

# ARGS='--validators 4 --seconds 60' measures something else than 1 and 4 validators for 22 s.
bench: build
	$(NODE) bin/aitbc-node.js bench $(ARGS)

# What two dead validators of seven cost, with and without the skip of silent leaders: about three minutes.
bench-silent: build
	$(NODE) --import tsx test/perf/silent-leader.bench.ts

# What compact proposals save, and what a transaction costs on the wire among 4, 10 and 20 nodes: about five minutes.
bench-wire: build
	$(NODE) --import tsx test/perf/proposals.bench.ts
	$(NODE) --import tsx test/perf/transactions.bench.ts

# What hostile peers cost four validators, one kind after the other: about seven minutes. ONLY=streams,height: some kinds.
bench-hostile: build
	$(NODE) --import tsx test/perf/hostile.bench.ts

# How fast a node that is 10,000 blocks behind catches up, beside how fast the chain grows: some ten minutes.
# ARGS='--blocks 2000 --only 50' is quicker.
bench-sync: build
	$(NODE) --import tsx test/perf/catch-up.bench.ts $(ARGS)

# SEEDS=200 FROM=0 N=4,7: simulated worlds, SEEDS of each size; HELP=1 lists all options
sim: $(installed)
	$(NODE) $(NODE_FLAGS) --import tsx test/sim/main.ts

# Breaks the rules of consensus one by one, and writes docs/simulator.md anew: how many worlds it takes to notice.
mutants: $(installed)
	$(NODE) $(NODE_FLAGS) --import tsx test/sim/mutants-table.ts

# Which lines of src/consensus its own tests do not run; fails below 95 %.
coverage: $(installed)
	$(NODE) --import tsx test/run.ts project/coverage
	@cat coverage/consensus.txt

# SECONDS=300 N=4,7 SEED=1: networks of processes that are killed, frozen, wiped and given wrong clocks, under load; HELP=1 lists all options
storm: build
	$(NODE) --import tsx test/storm/main.ts

# SAMPLES=10000 SEED=1: runs of the model of the consensus' safety; HELP=1 lists all options
model: $(installed) $(model_installed)
	$(NODE) --import tsx test/model/main.ts

# What was built and measured. Installed packages stay.
clean:
	rm -rf dist coverage bench-results.json *.tgz

check-node:
	@command -v $(NODE) > /dev/null || { echo "aitbc-node needs Node.js >= 20.19, and there is no '$(NODE)'. See https://nodejs.org"; exit 1; }
	@$(NODE) scripts/check-node.cjs

# npm writes this file at the end of each install, so it is the stamp.
$(installed): package.json package-lock.json | check-node
	$(NPM) ci --no-audit
	@touch $@

$(model_installed): test/model/package.json test/model/package-lock.json | check-node
	$(NPM) ci --no-audit --prefix test/model
	@touch $@

test/nodes/node_modules/.package-lock.json: test/nodes/package.json test/nodes/package-lock.json | check-node
	$(NPM) ci --no-audit --prefix test/nodes
	@touch $@

$(built): $(installed) tsconfig.json tsconfig.build.json $(shell find src -name '*.ts' 2>/dev/null) | check-node
	$(NPM) run --silent build

