"""Accidents that happened in real systems, played again: each is stopped by a named mechanism."""
