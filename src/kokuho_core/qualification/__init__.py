"""資格継続: findings between municipalities and the prefecture-level qualification, both derived from 適用期間 (Q-3, Q-4)."""
