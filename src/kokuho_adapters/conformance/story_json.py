"""生活史のJSON: a story as text that goes from one machine to another, and back without loss.

Days and times are ISO, months ``YYYY-MM``, values have the types of their layout. 個人番号 stay serials: a story holds none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from cattrs import transform_error
from cattrs.errors import BaseValidationError
from cattrs.preconf.json import make_converter

from kokuho_adapters.files import LayoutBook
from kokuho_core.conformance.story import HIGH_COST, HOUSEHOLD, PERSON, Pair, Row, Sending, Story
from kokuho_core.errors import InvalidValue, KokuhoError, Problem
from kokuho_core.vocabulary.month import Month

_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    PERSON: frozenset(
        """insurer_number addressee_number history_number update_kind individual_number previous_individual_number birth_date sex
        household_number member_start member_end insured_kind application_start application_start_reason application_end
        application_end_reason address_withheld updated_at""".split()
    ),
    HOUSEHOLD: frozenset(
        """insurer_number household_number history_number update_kind head_addressee_number head_kind head_start head_end
        updated_at""".split()
    ),
    HIGH_COST: frozenset(
        "insurer_number household_number treatment_month update_kind occurrence_kind paid_amount updated_at".split()
    ),
}
"""What the models of the rules look at in each kind of file."""


def dump_story(story: Story) -> str:
    """``story`` as JSON text."""
    return json.dumps(_converter().unstructure(story), ensure_ascii=False, indent=1) + "\n"


def load_story(text: str) -> Story:
    """The story of :func:`dump_story`. Raises :class:`InvalidValue` (KKH-Y006) with the place where it is none, never a value."""
    try:
        said = json.loads(text)
        if isinstance(said, dict):
            story: Story = _converter().structure(said, Story)
            return story
        where = "$"
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}"
    except BaseValidationError as error:
        where = transform_error(error)[0].rpartition(" @ ")[2]
    except KokuhoError as error:
        where = error.problems[0].field
    raise InvalidValue(Problem("KKH-Y006", field=where))


@cache
def _converter() -> Any:
    made = make_converter(forbid_extra_keys=True)
    made.register_structure_hook(str, lambda said, _: _text(said))
    made.register_unstructure_hook(Month, _month_text)
    made.register_unstructure_hook(Pair, lambda pair: pair._asdict())
    made.register_structure_hook(Pair, lambda said, _: Pair(**{key: _text(value) for key, value in said.items()}))
    made.register_unstructure_hook(
        Sending,
        lambda sending: {
            "file_id": sending.file_id,
            "sender": sending.sender,
            "sequence": sending.sequence,
            "rows": [{key: made.unstructure(value) for key, value in row.items()} for row in sending.rows],
        },
    )
    made.register_structure_hook(Sending, lambda said, _: _sending(said))
    return made


def _sending(said: Mapping[str, Any]) -> Sending:
    file_id = _text(said["file_id"])
    kinds = _kinds(file_id)
    rows = tuple(_row(row, kinds) for row in said["rows"])
    if not all(_NEEDED[file_id] <= row.keys() for row in rows):
        raise ValueError("a value is missing")
    return Sending(file_id, _text(said["sender"]), _number(said["sequence"]), rows)


def _row(said: Mapping[str, Any], kinds: Mapping[str, Callable[[Any], Any]]) -> Row:
    return {key: None if value is None else kinds[key](value) for key, value in said.items()}


@cache
def _kinds(file_id: str) -> Mapping[str, Callable[[Any], Any]]:
    """How each value of a kind of file is read."""
    layout = LayoutBook.shipped().newest(file_id)
    if layout is None or file_id not in _NEEDED:
        raise ValueError("not a kind of file that a story has")
    return {
        each.key: _number if each.key.endswith("individual_number") else _READ.get(each.type, _text) for each in layout.fields
    }


def _month_text(month: Month) -> str:
    return f"{month.first_day:%Y-%m}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _number(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("no number")
    return value


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "month": lambda text: Month.parse(text.replace("-", "")),
    "int": _number,
}
