"""安全弁: what stops a file before it takes effect, until two people have looked at it (S-28)."""
