# Every chore by name. `make test` and `make demo` work on a fresh machine with Python and git.

BIN := .venv/bin
READY := .venv/.ready
BEST := from autograder.sandbox import why_not; print(next((n for n in ('bubblewrap', 'landlock') if not why_not(n)), 'none'))
PICTURE_OF ?= feedback/relu_derivative_missing.html

# Tests start hundreds of short processes; without compiled files each would compile the toolkit anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup test test-all coverage demo lint audit attack fuzz soak results release manual schema picture constraints clean

setup: $(READY)
	@command -v bwrap > /dev/null || .ci/setup sandbox

$(READY): pyproject.toml constraints.txt .ci/setup
	.ci/setup packages
	@touch $@

# Three processes even on two cores: a fifth of the time a test waits for what it has started.
TEST_PROCESSES ?= 3

test: setup
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadgroup -m "not long"

# Also what takes minutes: trainings, audits, every sandbox, a wheel in an empty environment.
test-all: setup
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadgroup

# Which modules the short tests run, and how much of each; FLAGS="--keep .ci/coverage.json tests/grading" for some tests
# only, added to what other calls have found.
coverage: setup
	$(BIN)/python .ci/module_coverage.py -n $(TEST_PROCESSES) $(FLAGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Every attack on every sandbox that this machine has, as root and as an ordinary user; FLAGS="--sandbox bubblewrap".
attack: setup
	$(BIN)/python tests/attacks/run.py $(FLAGS)

# A million frames, made to break the decoder that reads what submissions answer.
fuzz: setup
	$(BIN)/python -c "import atheris" 2> /dev/null || $(BIN)/pip install -q -c constraints.txt -e '.[fuzz]'
	$(BIN)/python tests/attacks/fuzz_wire.py $(FLAGS)

# Two thousand submissions in a row, one in four hostile.
soak: setup
	$(BIN)/python benchmarks/soak.py $(FLAGS)

# The kept mutants of assignments/NAME/mutants: the checks must catch every one, under every seed.
# ASSIGNMENTS="backprop" for one of them; SEEDS=1000 for all that the promise says, with INTO=docs/fairness.md for its
# tables. Stopped, it goes on where it was.
ASSIGNMENTS ?= $(patsubst assignments/%/assignment.py,%,$(wildcard assignments/*/assignment.py))
SEEDS ?= 20
audit: setup
	set -e; for name in $(ASSIGNMENTS); do \
		$(BIN)/autograder audit $$name --kept --seeds $(SEEDS) --data embedded --jobs 2 \
		$(if $(INTO),--into $(INTO)); done

release: setup
	set -e; for name in $(ASSIGNMENTS); do $(BIN)/autograder release $$name --data embedded; done

# On the embedded data and with one seed, so that it is quick and the same everywhere. The prepared submissions are
# ours, so where bubblewrap does not work the demo goes on without isolation. One of them never ends: 20 s of CPU time
# are enough to see it.
demo: setup
	rm -rf .demo
	$(BIN)/autograder release backprop --data digits
	$(BIN)/python tests/corpus/build.py backprop .demo/submissions
	@$(BIN)/autograder grade backprop .demo/submissions --out .demo/out --jobs 2 --data digits --seed demo \
		--limit cpu_seconds=20 \
		--sandbox $$($(BIN)/python -c "$(BEST)")

# The manual of the command line, and what comes from the docstrings of checks: tables, exports, the list of files.
manual: setup
	$(BIN)/python .ci/checks_manual.py
	$(BIN)/python -m autograder.cli.manual > docs/cli.md

schema: setup
	$(BIN)/python -m autograder.reports.schema > docs/report.schema.json

# The published figures that take minutes, measured again; FLAGS="linear_hinge" for those of one assignment.
results: setup
	$(BIN)/python benchmarks/results.py $(FLAGS)

# A student's page of the demo, for the README.
picture:
	test -d .demo/out || $(MAKE) demo
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=900,760 \
		--screenshot=docs/report.png file://$(CURDIR)/.demo/out/$(PICTURE_OF)
	$(BIN)/python -c "from PIL import Image; Image.open('docs/report.png').quantize(64).save('docs/report.png', optimize=True)"

constraints: setup
	{ echo '# The versions that the tests ran with; `make constraints` writes this file. Any platform, CPU only.'; \
	  $(BIN)/pip freeze --exclude-editable | sed -E 's/\+[a-z0-9.]+$$//' | grep -Ev '^(nvidia|triton|cuda)'; } > constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf .venv .demo .ci/data .ci/test.log .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
