"""Reports of results: loading (bundles), study (numbers), figures and sections (their parts), report (the folder)."""
