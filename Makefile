# Everything happens in .venv, made here with $(PYTHON); nothing outside is touched.
# README.md has the plain commands for those without make.

PYTHON = python3
BIN = .venv/bin
ifeq ($(OS),Windows_NT)
BIN = .venv/Scripts
endif

.DEFAULT_GOAL = help
.PHONY: help check book lab test test-torch pages-test live live-pages pdf record text numbers worksheet data figures slides links check-everywhere bench bench-streaming bench-centroids mutants lint dist lock address clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' Makefile

check: lint test worksheet book ## all that a change must pass

# --all: a page that is not read again would keep its warnings to itself.
book: .venv/book.done ## build the pages from the recorded outputs (no data, no kernel)
	$(BIN)/jupyter-book build --all -W -n --keep-going --quiet .
	@echo "The book is built. Open _build/html/index.html in a browser."

lab: .venv/lab.done ## open the chapters and the worksheet in JupyterLab
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/book

# Two at a time, each with one thread: on two cores that is nearly twice as fast, and a
# chapter needs up to 1 GB (chapter 13: 1.2).
TWO = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile
UNITS = tests tools
test: .venv/test.done ## run the unit tests, then compare every output of every chapter
	$(TWO) $(UNITS)
	$(TWO) --nbval book/
	@echo "Checked: the unit tests ($(UNITS)) and the outputs of every chapter (book/)."
	@echo "What could not be checked on this machine is named above as not checked."

# PyTorch is in no lock: on Linux, PyPI's brings 3 GB for graphics cards. TORCH names a
# wheel for processors alone, to be installed instead.
test-torch: .venv/test.done ## install PyTorch (or TORCH=its.whl) and check what needs it
	$(PIP_INSTALL) --no-build-isolation -e ".[torch]" $(TORCH)
	$(TWO) --nbval book/14_tools.ipynb tools/tests/test_bench.py

pages-test: .venv/test.done book ## open every page in Chromium, with the network refused
	$(BIN)/python -m pytest -n 2 tests/pages

live: live-pages ## build pages whose cells run in the page, and serve them here
	$(BIN)/python -m tools.live.serve

live-pages: .venv/test.done ## the same without serving (PYODIDE=archive or folder)
	$(BIN)/python -m tools.live.build $(PYODIDE)
	$(MAKE) book

pdf: .venv/test.done ## print the whole book to _build/softmax-book.pdf, by Chromium
	$(BIN)/jupyter-book build --all -W -n --keep-going --quiet --builder singlehtml .
	$(BIN)/python -m tools.print_book _build/softmax-book.pdf

record: .venv/test.done ## execute the chapters (or CHAPTERS=04) and rewrite their outputs
	$(BIN)/python -m tools.checker.record $(CHAPTERS)

text: .venv/test.done ## write the links of changed text and check its numbers
	$(BIN)/python -m tools.checker.text
	$(BIN)/python -m pytest -q tests/test_book.py tests/test_links.py tests/test_formulas.py

numbers: .venv/test.done ## propose where the numbers of changed text come from (or CHAPTERS=05)
	$(BIN)/python -m tools.checker.bound $(CHAPTERS)

data: .venv/book.done ## download CIFAR-10 (170 MB) into your cache folder
	$(BIN)/softmax-book data fetch

worksheet: .venv/test.done ## make the worksheet from its source and grade both (a minute)
	$(BIN)/python -m tools.worksheet

figures: .venv/test.done ## save the chapters' figures (or CHAPTERS=03) as SVG, for slides
	$(BIN)/python -m tools.checker.figures $(CHAPTERS)

slides: .venv/test.done ## make slides of the chapters (or CHAPTERS=05), with speaker's notes
	$(BIN)/python -m tools.slides $(CHAPTERS)

links: .venv/book.done ## check the links that lead out of the book
	$(BIN)/jupyter-book build --all -W -n --keep-going --quiet --builder linkcheck .

check-everywhere: .venv/test.done ## check on other processors and versions (hours; ONLY=all_threads: one of nine)
	$(BIN)/nox -f tools/noxfile.py $(if $(ONLY),-s $(ONLY)) -- $(CHECKED)

bench: .venv/test.done ## measure time and memory against what the machine can do (minutes)
	$(BIN)/python -m tools.benchmarks.bench

bench-streaming: .venv/test.done ## train from disk on ten times CIFAR-10 (1.5 GB for a while)
	$(BIN)/python -m tools.benchmarks.streaming

bench-centroids: .venv/test.done ## features of up to 1,600 centroids (1.6 GB, an hour or more)
	$(BIN)/python -m tools.benchmarks.centroids

mutants: .venv/test.done ## change softmax_lib in 2,500 places (hours; MODULES=losses: a minute); a test must notice
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.mutants $(MODULES)

lint: .venv/test.done ## check style, spelling and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/mypy
	@echo "Checked: format, style, spelling and types."

dist: .venv/test.done ## build the wheel and the source archive into dist/
	$(if $(TAG),test $(TAG) = v$$($(BIN)/softmax-book --version))
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python -m pytest -q tests/test_package.py

# Pins hold for every system and Python, and the locks share them; a pin that still fits is
# kept (remove the files of tools/locks/ to move them all). Each file has its checksums.
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: .venv/test.done ## write tools/locks/ from pyproject.toml
	$(COMPILE) --extra test --output-file tools/locks/test.txt
	for part in book lab; do \
	  $(COMPILE) --extra $$part --constraints tools/locks/test.txt --output-file tools/locks/$$part.txt || exit; done
	$(BIN)/python -m pytest -q tests/test_locks.py

address: ## write the book's address everywhere: make address REPOSITORY=owner/name
	$(PYTHON) tools/address.py $(REPOSITORY)

clean: ## remove all that make has made
	rm -rf .venv _build dist

PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
# An installation that was interrupted is begun anew: half a package would pass for a whole one.
.venv/%.done: tools/locks/%.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "Python 3.11 or newer is needed; name yours: make PYTHON=python3.11 ...")'
	@if [ -e .venv/unfinished ]; then rm -rf .venv; fi
	@mkdir -p .venv && touch .venv/unfinished
	@if [ ! -x $(BIN)/python ]; then $(PYTHON) -m venv .venv; fi
	@echo "Installing the packages of $< into .venv (the first time takes minutes)"
	@$(PIP_INSTALL) --no-deps --require-hashes -r $<
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@rm .venv/unfinished && touch $@
