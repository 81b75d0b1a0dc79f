"""The grid of the paper's Table 2: one model per baseline, modality, category and seed.

Read `store.py` first (the cells and their files), then `cell.py` (one cell), `engines.py` (cells run by local processes
or by Ray), `table.py` (our table beside the published one) and `reproduction.py` (a whole run).
"""
