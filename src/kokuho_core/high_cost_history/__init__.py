"""高額該当: the months with 高額療養費 as facts; counts are computed from them (H-1, H-2)."""
