"""模擬中間サーバー: a reference of the 医療保険者等向け中間サーバー, the other side of the registration (R-3, R-4).

It is a judge of its own: what it does rests on the layouts and on the texts of the rules, on nothing that the aggregation
computes. It takes both channels, keeps one partition per municipality, lets each client into its own ones alone and records
every refusal. Faults can be ordered of it. For trials and tests with invented data; never for real people.
"""
