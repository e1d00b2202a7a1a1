"""``python -m kokuho_adapters.forerunner``: the second process, started by the first one alone."""

from __future__ import annotations

from kokuho_adapters.garbage import collect_rarely


def main() -> None:
    collect_rarely()
    from kokuho_adapters.forerunner.serving import serve

    serve()


if __name__ == "__main__":
    main()
