"""保存期間: how long what is kept, and since when (S-29, S-35)."""
