# Everything that a fresh machine needs: `make run`, `make test`, `make check`.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test test-all check format bench clean

run: .venv/.app
	@$(BIN)/layerloom

test: .venv/.test
	@QT_QPA_PLATFORM=offscreen KERAS_BACKEND=jax $(BIN)/python -m pytest -n 2 --dist worksteal -q

# The same, and every model of keras.applications: an hour or so.
test-all: .venv/.test
	@QT_QPA_PLATFORM=offscreen KERAS_BACKEND=jax $(BIN)/python -m pytest -n 2 --dist worksteal -m "" -q

check: .venv/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

format: .venv/.test
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Speed and liveness, measured on this machine; not part of the tests. Installs the peers of training beside it.
bench: .venv/.test .venv-bench/.peers
	@$(BIN)/python -m tests.bench.startup
	@$(BIN)/python -m tests.bench.first_point
	@$(BIN)/python -m tests.bench.liveness
	@$(BIN)/python -m tests.bench.canvas --cards 2000
	@$(BIN)/python -m tests.bench.plots
	@$(BIN)/python -m tests.bench.looks
	@$(BIN)/python -m tests.bench.sweep
	@$(BIN)/python -m tests.bench.training
	@$(BIN)/python -m tests.bench.kernels

# The stamps say what is installed; pyproject.toml says what should be.
.venv/.app: pyproject.toml setup.sh
	@PYTHON="$(PYTHON)" sh setup.sh .
	@touch $@

.venv/.test: pyproject.toml setup.sh
	@PYTHON="$(PYTHON)" sh setup.sh '.[test]'
	@touch .venv/.app $@

.venv-bench/.peers: tests/bench/peers/requirements.txt
	@$(PYTHON) -m venv .venv-bench
	@echo "Installing what training is measured against (some minutes) ..."
	@.venv-bench/bin/python -m pip install --disable-pip-version-check -q -r $<
	@touch $@

clean:
	rm -rf .venv .venv-bench build dist *.egg-info
