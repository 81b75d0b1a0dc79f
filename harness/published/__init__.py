"""The published reference tables: Table 1 (the dataset) and Table 2 (three baselines), stored once."""

from pathlib import Path

TABLE1, TABLE2 = (Path(__file__).parent / name for name in ("table1.csv", "table2.csv"))
