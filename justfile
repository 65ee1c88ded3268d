# The tasks of a developer; CI and pre-commit call the same. Without just: `uv run just`.

# The processes of the tests import the same modules, which take three times as long to compile as to load
export PYTHONDONTWRITEBYTECODE := ""

# List the tasks
default:
    @"{{ just_executable() }}" --list --unsorted

# All that must hold before a change lands
check: static test

# Everything that is checked without running anything
static: lint types contracts lock

# Tests; a path or pytest's options narrow them
test *ARGS:
    uv run pytest {{ ARGS }}

# Ask the API all that the tests ask a part of, with another seed and more random cases of each operation
fuzz-api SEED="2" EXAMPLES="20":
    ANIMOV_FUZZ_SEED={{ SEED }} ANIMOV_FUZZ_EXAMPLES={{ EXAMPLES }} uv run pytest -o timeout=7200 -rP tests/api/test_schemathesis.py

# Formatting and lint, as they should be
lint:
    uv run ruff format --check .
    uv run ruff check .

# Format, and mend what can be mended
format:
    uv run ruff format .
    uv run ruff check --fix .

# mypy, strict
types:
    uv run mypy

# Which room may import what, and who owns which library
contracts:
    uv run lint-imports

# Does uv.lock fit pyproject.toml?
lock:
    uv lock --check

# Write again what is generated: settings, commands, data dictionary
docs:
    uv run python -m animov.reference
    uv run python -m storage.upkeep.dictionary docs/data-dictionary.md

# Take the pictures of the page and the console that the documents show, from the demo
screenshots:
    uv run python -m bench.screenshots

# Measure what a part costs, such as ingest
bench NAME *ARGS:
    uv run animov bench {{ NAME }} {{ ARGS }}

# Build the wheel and the source archive into dist/
build:
    uv build --out-dir dist --clear

# Build the container image from the Dockerfile
image TAG="animov":
    docker build --tag {{ TAG }} .

# Print what CHANGELOG.md says of a version
changelog-entry VERSION:
    @awk -v wanted='## [{{ trim_start_match(VERSION, "v") }}]' '/^## /{inside = index($0, wanted) == 1; next} inside{print; found = 1} END{exit !found}' CHANGELOG.md

# Check commits before they are made
hooks:
    uv run pre-commit install
