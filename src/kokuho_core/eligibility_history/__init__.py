"""資格履歴: versions that are only added to, what the receiver was told, and whether it shows the same (R-3, R-4, R-8)."""
