"""合成データ: a prefecture that does not exist, as its municipalities would send it. Never made from real data.

Everything follows from a seed: any household can be made anew alone, so memory does not grow with the prefecture and a
further day of changes needs nothing read back.

The life stories of the conformance run are told by another teller (:mod:`kokuho_core.conformance.lives`), from the same choices:
a story must remember all that its few people and offices have said, so as to go on from any conflict, and knows no ages or shares
of a population; a prefecture of millions must not remember, and keeps conflicts as rare as they are. Stories can stand in a
prefecture among its households (:mod:`kokuho_core.conformance.in_prefecture`).
"""
