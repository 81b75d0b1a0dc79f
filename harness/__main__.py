"""`python -m harness` is `wikiorder`, for a checkout that is not installed."""

from harness.cli import main

main()
