"""世帯の継続性: households that moved inside the prefecture, and whether their 高額該当 counts go on (H-4 … H-7)."""
