"""``python -m kokuho_adapters.cli``."""

from kokuho_adapters.cli import main

if __name__ == "__main__":
    main()
