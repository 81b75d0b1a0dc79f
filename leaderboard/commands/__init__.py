"""The commands of `wikiorder leaderboard`."""
