# What a person types. The work is done by tools/.
PYTHON := .venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup check test compat demo examples images registry kit bench docs picture stop clean

help:  ## What can be made (this)
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: .venv/stamp  ## Debian packages that are missing, and the Python environment .venv
	@tools/packages

.venv/stamp: pyproject.toml
	@tools/packages
	@echo 'Python packages (a minute)'
	python3 -m venv --clear .venv
	$(PYTHON) -m pip install --quiet --editable '.[local,dev]'
	@touch $@

check: setup  ## Style, types, and syntax for every Python that runs in Lambda
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	@# ruff has found syntax newer than 3.11; what the standard library has in each version is mypy's to know.
	for version in 3.11 3.12 3.13 3.14; do \
	    .venv/bin/mypy --python-version $$version src/scar_supervisor src/scar_oci || exit; done

images: setup  ## Build the images that tests and the demo need, if they have changed
	@$(PYTHON) -m tools.images

registry: setup  ## Leave the registry running on loopback, with the images that were built
	@$(PYTHON) -m tools.registry start

kit: setup  ## Collect the libfakechroot builds that functions carry
	@$(PYTHON) -m tools.kit

test: check images kit  ## All checks and all tests
	@$(PYTHON) -m tools.ministack
	$(PYTHON) -m pytest -n 2 --dist loadfile

compat: check images kit  ## The compatibility table: real programs, compared with a real root (long)
	@$(PYTHON) -m tools.images scar-compat/
	$(PYTHON) -m pytest tests/compat -m compat

demo: setup kit  ## A container image runs as a function, here in the local cloud
	@$(PYTHON) -m tools.images grycap/cowsay:
	@$(PYTHON) -m tools.demo

examples: setup kit  ## Run the examples' READMEs and compare their output (all: long; one: NAME=cowsay)
	@$(PYTHON) -m tools.examples $(NAME)

bench: images kit  ## What a call costs
	$(PYTHON) -m bench

docs: setup  ## The documentation as pages, in build/site
	@$(PYTHON) -m tools.reference
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet
	@echo "build/site/index.html"

picture: setup kit  ## The terminal session of the README, docs/session.svg, out of a real one
	@$(PYTHON) -m tools.images grycap/cowsay:
	@$(PYTHON) -m tools.picture

stop: setup  ## End the registry and the local cloud that a demo left running
	@$(PYTHON) -m tools.registry stop
	@.venv/bin/scar local stop

clean:  ## Remove what was made in this folder
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache src/*.egg-info
	find src tests tools bench -name __pycache__ -prune -exec rm -rf {} +
