"""役割: what somebody is here (S-31). Administrators give rights and keep keys but see no person; auditors read the audit log."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """役割. The value is what the database and the command line say."""

    FEDERATION = "federation"
    """連合会の担当者: the whole prefecture."""
    MUNICIPALITY = "municipality"
    """市区町村の担当者: one municipality, its scope."""
    ADMINISTRATOR = "administrator"
    """管理者: rights, keys and settings; no person."""
    AUDITOR = "auditor"
    """監査者: the audit log."""

    @property
    def needs_scope(self) -> bool:
        return self is Role.MUNICIPALITY
