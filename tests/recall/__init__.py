"""Recall of wrongly sent files (S-24)."""
