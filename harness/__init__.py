"""WikiOrder's harness: the contract between a frozen set, a submission and the board, and the machine that runs it.

Read `pipeline.py` first: it is the main road.
"""

__version__ = "0.1.0"
