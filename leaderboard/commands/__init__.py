"""The commands of `wikiorder leaderboard`, one module per command."""
