"""合成データ: a prefecture that does not exist, as its municipalities would send it. Never made from real data.

Everything follows from a seed: any household can be made anew alone, so memory does not grow with the prefecture and a
further day of changes needs nothing read back.
"""
