"""kokuho_adapters: files, databases, security and the command line around :mod:`kokuho_core`."""

__version__ = "0.1.0"
