"""世帯: one household as one municipality knows it, with its head over time (世帯主の履歴)."""
