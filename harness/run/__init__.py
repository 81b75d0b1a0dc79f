"""One evaluation, from a verified set to a result bundle. Read `pipeline.py` first."""
