"""ファイル授受: exchange folders with manifests, packages for removable media, SFTP, and the scan of what leaves.

Each way of sending is a module of its own: :mod:`~kokuho_adapters.exchange.folder`,
:mod:`~kokuho_adapters.exchange.media_package`, :mod:`~kokuho_adapters.exchange.sftp_client` and
:mod:`~kokuho_adapters.exchange.sftp_server`. Nothing is imported here, since the last two need an extra.
"""
