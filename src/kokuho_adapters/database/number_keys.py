"""番号の照合: records that name a number are found by the first bytes of its keyed index, and compared by all of it.

Such an index is random over all municipalities: kept in its whole length, it would be so large that the file of one municipality
touches thousands of its pages. Previous numbers are few, and have an index of their whole length. Where a key is compared, both
sides are columns or values: of rows that are secured, PostgreSQL looks nothing up by what a function makes of a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, and_, func

from kokuho_adapters.database.tables import NUMBER_KEY_BYTES

_KEY_OF: Final = {"number_index": "number_key", "previous_number_index": "previous_number_key"}


def _key(number: Any) -> Any:
    """The column with the key, None in a table that is not looked into by numbers."""
    return number.table.c.get(_KEY_OF[number.name])


def same_number(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether two columns of (aliases of) ``person_record`` hold the same number."""
    return and_(_key(one) == _key(other), one == other)


def one_of_numbers(column: ColumnElement[Any], numbers: Sequence[bytes]) -> ColumnElement[bool]:
    """Whether a column holds one of many numbers."""
    key, held = _key(column), column.in_(numbers)
    return held if key is None else and_(key.in_({number[:NUMBER_KEY_BYTES] for number in numbers}), held)


def is_number(column: ColumnElement[Any], number: BindParameter[bytes]) -> ColumnElement[bool]:
    """Whether a column holds a number that is given with the statement."""
    key, held = _key(column), column == number
    return held if key is None else and_(key == func.substr(number, 1, NUMBER_KEY_BYTES), held)
