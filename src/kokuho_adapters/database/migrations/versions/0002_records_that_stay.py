"""監査記録と権限は消えない: triggers that refuse to change or delete what was recorded (S-5, S-31)."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SQLITE = (
    "CREATE TRIGGER audit_entry_stays_{verb} BEFORE {VERB} ON audit_entry"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END"
)
_SQLITE_GRANT_DELETE = (
    "CREATE TRIGGER operator_grant_stays_delete BEFORE DELETE ON operator_grant"
    " BEGIN SELECT RAISE(ABORT, 'rights are revoked, never deleted'); END"
)
_SQLITE_GRANT_UPDATE = (
    "CREATE TRIGGER operator_grant_stays_update BEFORE UPDATE ON operator_grant"
    " WHEN OLD.revoked_at IS NOT NULL OR NEW.number IS NOT OLD.number OR NEW.operator IS NOT OLD.operator"
    " OR NEW.role IS NOT OLD.role OR NEW.scope IS NOT OLD.scope OR NEW.valid_from IS NOT OLD.valid_from"
    " OR NEW.valid_until IS NOT OLD.valid_until"
    " BEGIN SELECT RAISE(ABORT, 'rights are revoked, never changed'); END"
)
_FUNCTION = (
    "CREATE FUNCTION kokuho_stays() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'what was recorded is never changed' USING ERRCODE = '42501'; END $$"
)
_ROWS = "CREATE TRIGGER {table}_stays_{name} BEFORE {verbs} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION kokuho_stays()"
_WHOLE = "CREATE TRIGGER {table}_stays_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION kokuho_stays()"
_CHANGED = (
    "WHEN (OLD.revoked_at IS NOT NULL OR (NEW.number, NEW.operator, NEW.role, NEW.scope, NEW.valid_from, NEW.valid_until)"
    " IS DISTINCT FROM (OLD.number, OLD.operator, OLD.role, OLD.scope, OLD.valid_from, OLD.valid_until))"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FUNCTION)
        op.execute(_ROWS.format(table="audit_entry", name="rows", verbs="UPDATE OR DELETE", when=""))
        op.execute(_ROWS.format(table="operator_grant", name="delete", verbs="DELETE", when=""))
        op.execute(_ROWS.format(table="operator_grant", name="update", verbs="UPDATE", when=_CHANGED))
        for table in ("audit_entry", "operator_grant"):
            op.execute(_WHOLE.format(table=table))
        return
    for verb in ("update", "delete"):
        op.execute(_SQLITE.format(verb=verb, VERB=verb.upper()))
    op.execute(_SQLITE_GRANT_DELETE)
    op.execute(_SQLITE_GRANT_UPDATE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION kokuho_stays() CASCADE")
        return
    for name in ("audit_entry_stays_update", "audit_entry_stays_delete"):
        op.execute(f"DROP TRIGGER {name}")
    for name in ("operator_grant_stays_update", "operator_grant_stays_delete"):
        op.execute(f"DROP TRIGGER {name}")
