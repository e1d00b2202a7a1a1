"""先回り: a second process on the same computer and the same database, for long work (S-26).

It computes ahead what the first process would compute next (:class:`kokuho_core.ports.forerunner.Forerunner`). It writes
nothing, and ends with the process that started it. Where it cannot be had, or ends early, the first one does all by itself.
"""
