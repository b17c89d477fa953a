"""How chunks ended, as a table that can be asked."""
