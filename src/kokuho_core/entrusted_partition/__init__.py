"""委託区画: what is registered for each municipality with the intermediate server, by when, and what waits (R-1 … R-7)."""
