"""The table of outcomes as Parquet, by DuckDB."""
