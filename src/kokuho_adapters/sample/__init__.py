"""見本県: a small invented prefecture in open-format files, with what must come out of it.

``story.py`` tells what happens to whom, ``build.py`` makes the files from it, ``expected/`` holds the reviewed results.
Everybody and every place is invented; the numbers only have right check digits.
"""
