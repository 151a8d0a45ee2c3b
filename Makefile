# The one-command doors. Everything is installed into .venv from constraints.txt; nothing outside the folder changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SINCE := $(shell date +%s.%N)

.PHONY: demo test check format clean

demo: $(STAMP)
	@$(BIN)/newsbot demo --since $(SINCE) $(if $(ONCE),--once) $(if $(SITE),--site "$(SITE)")

test: $(STAMP)
	$(BIN)/pytest -q -n 2 --dist worksteal

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q -n 3 --dist worksteal -m "not slow" tests/unit tests/property tests/fitness tests/contract tests/integration

# Figures with their peers, as JSON lines in OUT, as the tables of docs/performance.md and docs/growth.svg. Takes about
# half an hour; ONLY=name measures one thing.
.PHONY: bench
bench: $(STAMP)
	@$(MAKE) --silent $(PEERS)/.installed || echo "newsbot: no aiogram and no aiolimiter here: their figures are left out"
	@$(BIN)/python -m tests.benchmarks --out "$(or $(OUT),build/bench.jsonl)" --doc docs/performance.md \
		--peers $(PEERS)/bin/python $(if $(ONLY),--only $(ONLY)) $(if $(MACHINE),--machine "$(MACHINE)")

# Every row of the fault matrix, as JSON lines in OUT and as the table of docs/reliability.md. Takes up to 45 minutes.
.PHONY: chaos
chaos: $(STAMP)
	@$(BIN)/python -m tests.chaos --out "$(or $(OUT),build/chaos.jsonl)" --doc docs/reliability.md \
		$(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED)) $(if $(SOAK),--soak-seconds $(SOAK))

# Its own environment: aiogram wants an older pydantic than newsbot. The .gitignore in it keeps it out of git.
PEERS := .venv-bench
$(PEERS)/.installed: tests/benchmarks/peers.txt
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@echo '*' > $(PEERS)/.gitignore
	@$(PEERS)/bin/pip install --quiet --disable-pip-version-check -r tests/benchmarks/peers.txt
	@touch $@

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "newsbot: installing packages into $(VENV), once"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .venv-bench build data
