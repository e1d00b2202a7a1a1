"""返却: what each municipality is told, and when it must be told again (Q-5, X-13)."""
