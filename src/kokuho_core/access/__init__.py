"""アクセス権限: operators, their roles, what each role may do, and rights that end with the fiscal year (S-4, S-31)."""

from kokuho_core.access.context import AccessContext
from kokuho_core.access.hours import BusinessHours, Hours
from kokuho_core.access.operations import AccessKind, Operation
from kokuho_core.access.operators import OperatorId, is_same_operator, operator_id
from kokuho_core.access.rights import Grant, Rights, fiscal_year_end
from kokuho_core.access.roles import Role

__all__ = [
    "AccessContext",
    "AccessKind",
    "BusinessHours",
    "Grant",
    "Hours",
    "Operation",
    "OperatorId",
    "Rights",
    "Role",
    "fiscal_year_end",
    "is_same_operator",
    "operator_id",
]
