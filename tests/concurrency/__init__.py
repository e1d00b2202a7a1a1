"""Several processes at once on one database: what they did and saw is written down and judged afterwards (S-26)."""
