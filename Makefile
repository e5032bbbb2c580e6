PYTHON ?= python3
BIN := .venv/bin
EXAMPLES := $(wildcard examples/colorzoo-*)
PARALLEL := -n $(shell $(PYTHON) -c 'import os; print(2 * os.cpu_count())') --dist worksteal

.PHONY: demo test coverage test-fast test-examples lint types tree docs fix bench campaigns clean

demo: .venv/installed  ## colour two example photos with the embedded weights
	$(BIN)/colorzoo run vae-mdn examples/astronaut.png examples/coffee.jpg --samples 4 --seed 4 -o demo

test: .venv/dev lint types  ## all but the coverage that CI adds, two processes a core, for many wait, of one thread each
	$(BIN)/python -m compileall -q core zoo plugins datasources  # once, for all the processes of the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(PARALLEL) $(COVERAGE)

coverage:  ## the same, and how much of the package the tests run: a gate, for a third more time
	$(MAKE) test COVERAGE="--cov --cov-report=term:skip-covered --cov-fail-under=80"

test-fast: .venv/dev  ## the inner loop: no processes, servers and trainings
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(PARALLEL) -m "not slow"

test-examples: .venv-examples/installed  ## the plugins in examples/, installed as strangers would
	for name in $(EXAMPLES); do \
		.venv-examples/bin/python -m pytest -q -p no:cacheprovider -p no:hypothesispytest $$name/tests || exit 1; \
	done  # the plugin of hypothesis, which none of them uses, imports it whole
	.venv-examples/bin/python -m colorzoo doctor --offline

lint: .venv/dev tree
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=.types $(BIN)/lint-imports

types: .venv/dev tree
	$(BIN)/mypy -p colorzoo

docs: .venv/dev  ## write the generated parts of docs/ anew
	$(BIN)/python -m tests.zoo.test_docs

fix: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev
	$(BIN)/python -m bench.speed

campaigns: .venv/dev  ## damaged inputs and kills in full, see docs/campaigns.md
	$(BIN)/python -m bench.campaigns -o campaigns

clean:
	rm -rf .venv .venv-examples .types build dist demo *.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml setup.py constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e . -c constraints.txt
	touch $@

.venv/dev: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	touch $@

# an environment of its own that sees ours: what is installed there does not show in the other tests
.venv-examples/installed: .venv/dev $(wildcard examples/colorzoo-*/pyproject.toml)
	$(BIN)/python -m venv --without-pip .venv-examples
	echo "import site; site.addsitedir('$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')')" \
		> $$(.venv-examples/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ours.pth
	.venv-examples/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation \
		$(patsubst %,'./%[test]',$(EXAMPLES))
	touch $@

# mypy and import-linter do not see the mapping of folders to packages: show them a tree of links
tree:
	rm -rf .types && mkdir -p .types
	cp -rs $(CURDIR)/zoo .types/colorzoo
	for room in core plugins datasources; do cp -rs $(CURDIR)/$$room .types/colorzoo/; done
