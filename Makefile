# Every target does its own set-up; see .ci/ for what each one runs.
.DEFAULT_GOAL := help
.PHONY: help setup serve test lint fmt bench lighthouse screenshots clean-data

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Install what a build needs (the other targets do this themselves)
	@.ci/setup

serve: ## Build, fill an empty database with demo data, and serve on http://127.0.0.1:3000
	@.ci/serve

test: ## Run every check: format, lints, unit, integration and browser tests
	@.ci/test

lint: ## Run the lints only
	@.ci/lint

fmt: ## Format the Rust sources
	@cargo fmt --all

bench: ## Measure lists, heartbeats, registrations, the log, imports and searches (BENCH_ARGS="..." goes to the benchmark)
	@.ci/bench $(BENCH_ARGS)

lighthouse: ## Measure the main pages with Lighthouse against the release build
	@.ci/lighthouse

screenshots: ## Take the pictures in docs/screenshots
	@.ci/screenshots

clean-data: ## Delete the demo database in ./data (asks first)
	@test -d data || { echo "There is no ./data."; exit 0; }; \
	printf 'Delete ./data with every merchant, terminal and log entry in it? [y/N] '; \
	read answer; case "$$answer" in [yY]*) rm -rf ./data; echo "Deleted." ;; *) echo "Nothing was deleted." ;; esac
