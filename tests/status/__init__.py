"""What came from whom, what is overdue and what waits (S-28, S-33)."""
