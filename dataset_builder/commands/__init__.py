"""The commands of `wikiorder dataset`, one module per command."""
