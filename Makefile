# make chat               chat about the shipped example documents on http://127.0.0.1:7860
# make chat DOCS="a.txt folder/"                                … about your own
# make ask Q="…" [DOCS="…"]   one answer in the terminal
# make test               every test;  make check: ruff and mypy

PYTHON ?= python3
BIN := .venv/bin
EXAMPLES := eval/gold/documents
RUNTIME := .venv/.runtime
DEV := .venv/.dev

.PHONY: chat ask test check chromium clean

chat: $(RUNTIME)
	@$(BIN)/footnote chat $(if $(DOCS),$(DOCS),$(EXAMPLES) --library .footnote-example)

ask: $(RUNTIME)
	@$(BIN)/footnote ask "$$Q" --docs $(or $(DOCS),$(EXAMPLES))

test: $(DEV) chromium
	$(BIN)/python -m pytest

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The browser tests drive Debian's Chromium. Where it cannot be installed they are skipped, and pytest says so.
chromium:
	@command -v chromium >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	     && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
	|| echo "Chromium is not installed and cannot be from here (it needs root and apt-get): browser tests are skipped."

$(RUNTIME): pyproject.toml
	@echo "Setting up .venv (once; a few minutes)"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -qq --upgrade pip
	$(BIN)/pip install -qq --editable .
	@touch $@

$(DEV): $(RUNTIME)
	$(BIN)/pip install -qq --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .footnote-example build *.egg-info
