"""kokuho_core: the rules of 国民健康保険の資格管理 between municipalities, as pure Python.

No input or output, no clock, no environment: dates and facts come in, decisions and findings come out.
"""
