"""The page in a real browser (Chromium without a window): what its policy lets through, what is seen, and on small screens.

No package of the registry carries a browser, so these are long tests: «make test-long» wants one on the machine.
"""

from __future__ import annotations

import html as markup
import json
import re
import shutil
import struct
import subprocess
import zlib
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve

from kokuho_adapters.conformance.html import html
from kokuho_core.conformance import Report
from kokuho_core.conformance.trials import PortReport

pytestmark = pytest.mark.long

_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_STYLE_GROUND, _PICTURE_FLAG = (0xE9, 0xEE, 0xF4), (0xB3, 0x36, 0x3E)
"""The ground of table heads, from the style; the flag of the business date, from the picture."""
_ASK: Final = """
const all = [...document.querySelectorAll('body *')];
const told = {
  images: [...document.images].map(one => one.complete && one.naturalWidth > 300),
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  reached: all.filter(one => one.tabIndex >= 0).length,
  font: Math.min(...all.filter(one => one.innerText).map(one => parseFloat(getComputedStyle(one).fontSize))),
  open: document.querySelector('details')?.open,
  outside: [...document.querySelectorAll('.told, .fault > p, ol.story')].filter(one => one.scrollWidth > one.clientWidth)
    .map(one => one.innerText),
};
const out = document.createElement('pre');
out.id = 'told';
out.textContent = JSON.stringify(told);
document.body.append(out);
"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(f"a Chromium browser is needed (one of {', '.join(_BROWSERS)}); on Debian: apt-get install chromium")
    return found


@pytest.fixture
def page(clumsy_report: Report, tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(html(clumsy_report, lambda fault: f"kokuho conformance {fault.found_in}"), encoding="utf-8")
    return path


def _look(browser: str, page: Path, *options: str) -> tuple[str, str]:
    """Standard output, and what the browser says of the page."""
    profile = page.parent / "profile"
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
        f"--user-data-dir={profile}", *options, page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    said = done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8"), "\n".join(line for line in said.splitlines() if "CONSOLE" in line)


def _pixels(png: bytes) -> Counter[bytes]:
    """Colours of a PNG of eight bits a channel, as Chromium writes it."""
    width, _, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (depth, kind in (2, 6)) == (8, True)
    channels = 3 if kind == 2 else 4
    data, place = b"", 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += length + 12
    raw, stride, found = zlib.decompress(data), width * channels, Counter[bytes]()
    before = bytearray(stride)
    for start in range(0, len(raw), stride + 1):
        before = _unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), before, channels)
        found.update(bytes(before[at : at + 3]) for at in range(0, stride, channels))
    return found


def _unfiltered(kind: int, line: bytearray, above: bytearray, channels: int) -> bytearray:
    for at, value in enumerate(line):
        left = line[at - channels] if at >= channels else 0
        up, corner = above[at], above[at - channels] if at >= channels else 0
        line[at] = (value + (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]) & 255
    return line


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))


def test_the_policy_lets_style_and_pictures_through_and_no_more(
    browser: str, page: Path, clumsy_report: Report
) -> None:
    """Rules: S-13. Nothing is refused or missing by the browser's own account, and both are seen."""
    first = next(each for each in clumsy_report.results if each.faults)
    page.write_text(html(evolve(clumsy_report, results=(first,))), encoding="utf-8")
    shot = page.parent / "shot.png"
    _, said = _look(browser, page, "--window-size=1000,2000", "--force-device-scale-factor=0.5", f"--screenshot={shot}")
    assert said == ""
    colours = _pixels(shot.read_bytes())
    assert colours[bytes(_STYLE_GROUND)] > 1_000 and colours[bytes(_PICTURE_FLAG)] > 100


def test_a_script_in_the_page_would_not_run(browser: str, page: Path) -> None:
    """Rules: S-13. The policy is read: what is put into the page afterwards is refused."""
    page.write_text(page.read_text("utf-8").replace("</body>", "<script>document.title='run'</script></body>"), "utf-8")
    shown, said = _look(browser, page, "--dump-dom")
    assert "<title>run</title>" not in shown and "Content Security Policy" in said


def _asked(browser: str, page: Path, width: int) -> dict[str, Any]:
    """What the page itself says of how it is shown. The policy is left out here, to be able to ask."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("utf-8"))
    page.write_text(text.replace("</body>", f"<script>addEventListener('load',()=>{{{_ASK}}})</script></body>"), "utf-8")
    shown, _ = _look(browser, page, f"--window-size={width},900", "--dump-dom")
    answer = re.search(r'<pre id="told">(.*?)</pre>', shown)
    assert answer is not None, shown[-500:]
    told: dict[str, Any] = json.loads(markup.unescape(answer[1]))
    return told


@pytest.mark.parametrize("width", [1200, 400])
def test_pictures_are_drawn_and_nothing_sticks_out(browser: str, page: Path, width: int) -> None:
    """On a wide screen and on a small one."""
    told = _asked(browser, page, width)
    assert told["images"] and all(told["images"])
    assert told["overflow"] <= 0 and told["outside"] == []
    assert told["reached"] > 20 and told["open"]
    assert told["font"] >= 10


@pytest.mark.parametrize("width", [1200, 400])
def test_nothing_of_a_page_of_ports_sticks_out(browser: str, page: Path, port_report: PortReport, width: int) -> None:
    """The names of files are long, and have no place to be broken at."""
    page.write_text(html(port_report), encoding="utf-8")
    told = _asked(browser, page, width)
    assert told["overflow"] <= 0 and told["outside"] == []
    assert told["reached"] > 5 and told["font"] >= 10
