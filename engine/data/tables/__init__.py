"""Reading tables. All of it imports polars; `engine.data.table`, which the window needs, does not."""
