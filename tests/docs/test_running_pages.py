"""頁の実行の試験: a page that shows something else than happens is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from .pages import Page

_GOOD = """
<!-- file: folder/words.txt -->
```text
one
two 20250101
```

<!-- compare -->
```console
$ cat folder/words.txt
one
two …
```

<!-- exit: 2 -->
```console
$ make demo
$ python -c "raise SystemExit(2)"
```

<!-- crlf: folder/*.txt -->

```python
from pathlib import Path

assert Path("folder/words.txt").read_bytes() == b"one\\r\\ntwo 20250101\\r\\n"
```
"""


def _page(folder: Path, text: str) -> Page:
    path = folder / "page.md"
    path.write_text(text, encoding="utf-8")
    inside = folder / "inside"
    inside.mkdir()
    return Page(path, inside)


def test_a_true_page_passes_and_stays_as_it_is(tmp_path: Path) -> None:
    assert _page(tmp_path, _GOOD).run() == _GOOD


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("one\ntwo …", "one\nthree …"),
        ("one\ntwo …", "one"),
        ("one\ntwo …", "one\ntwo …\nthree"),
        ("exit: 2", "exit: 0"),
        ("make demo", "make nothing-of-this-name"),
        ("folder/words.txt\none", "folder/other.txt\none"),
        ('b"one', 'b"ONE'),
        ("$ python", "$ perl"),
    ],
)
def test_a_false_page_is_found(tmp_path: Path, before: str, after: str) -> None:
    assert before in _GOOD
    with pytest.raises(AssertionError):
        _page(tmp_path, _GOOD.replace(before, after)).run()


def test_accepting_writes_the_true_output(tmp_path: Path) -> None:
    shown = _GOOD.replace("one\ntwo …\n```\n\n<!-- exit", "nothing\n```\n\n<!-- exit")
    assert shown != _GOOD
    assert "$ cat folder/words.txt\none\ntwo 20250101\n```" in _page(tmp_path, shown).run(accept=True)
