"""The dataset builder: a raw crawl of how-to articles becomes a frozen, checksummed set.

Read `build.py` first: it is the main road.
"""
