"""同一人判定: who is who across municipalities, by 個人番号 (Q-2, I-1 … I-5)."""
