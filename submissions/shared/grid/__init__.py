"""The grid of the paper's Table 2: one model per baseline, modality, category and seed. Read `plan.py`, then `cell.py`.

`plan.py` says what there is to do, `cell.py` does one part of it, `engines.py` has the parts done by processes of this
machine or by Ray, `store.py` keeps what came of them, and `table.py` sets it beside the published table.
"""
