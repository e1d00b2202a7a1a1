"""給付: 高額療養費 by the law in force in the month of treatment, step by step, each figure with its rule and source (H-2, H-8).

The law is data (``law/*.toml``); what it leaves open is a named choice (:mod:`kokuho_core.benefit.choices`) or refused.
"""
