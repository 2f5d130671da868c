"""The estate of ``aksess demo``: data only."""
