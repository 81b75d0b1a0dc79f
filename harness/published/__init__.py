"""The paper's published tables, each with its one reader: Table 1 (the dataset) and Table 2 (three baselines)."""
