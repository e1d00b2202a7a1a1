"""Retention periods and disposal (S-29, S-33, S-35)."""
