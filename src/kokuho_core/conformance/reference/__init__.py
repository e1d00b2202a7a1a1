"""参照モデル: brute-force models of the rules, written from the specification alone.

They share no code with the rest of the library. They go day by day and month by month, so that each can be read beside the rule
it cites; use them on small worlds only. A system under test, this library's own included, is judged by them.
"""
