"""窓口: what the two example systems share, whichever framework and tables they have."""
