"""The server is started once for all tests of a process."""

from .servers import server

__all__ = ["server"]
