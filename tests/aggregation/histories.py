"""Random legal histories of a few persons in three municipalities, as the files those would send.

No two persons share a number and everybody keeps birth date and sex, so there is no identity conflict (X-7). Everything
else happens: moves with gaps and overlaps, one-sided claims, corrections, cancellations, changes of household, heads who
come and go, months of high cost that are cancelled again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from attrs import field, frozen, mutable
from hypothesis import strategies as st

from ..prefecture.office import A, B, C, high_cost, household, nominal_head, number, person

MUNICIPALITIES = (A, B, C)
FIRST_DAY = date(2022, 1, 1)

Row = dict[str, Any]


@frozen
class Sent:
    """One file of one municipality: its place in the sender's own sequence, and its records."""

    file_id: str
    sender: str
    sequence: int
    rows: tuple[Row, ...]


@mutable
class _Teller:
    """What each municipality has said so far, in its own order."""

    told: dict[tuple[str, str], list[list[Row]]] = field(factory=dict)
    history: dict[tuple[str, str], int] = field(factory=dict)
    moment: datetime = datetime(2024, 1, 1)

    def next_history(self, insurer: str, subject: str) -> int:
        self.history[insurer, subject] = self.history.get((insurer, subject), 0) + 1
        return self.history[insurer, subject]

    def say(self, file_id: str, row: Row, new_file: bool) -> None:
        self.moment += timedelta(minutes=1)
        row = {**row, "updated_at": self.moment}
        files = self.told.setdefault((row["insurer_number"], file_id), [[]])
        if new_file and files[-1]:
            files.append([])
        files[-1].append(row)

    def files(self) -> list[Sent]:
        return [
            Sent(file_id, sender, sequence, tuple(rows))
            for (sender, file_id), files in sorted(self.told.items())
            for sequence, rows in enumerate(files, 1)
            if rows
        ]


@st.composite
def histories(draw: st.DrawFn) -> list[Sent]:
    """All files of a random history."""
    teller = _Teller()
    persons = draw(st.integers(2, 5))
    residents: dict[tuple[str, str], list[tuple[str, date]]] = {}
    for serial in range(1, persons + 1):
        _life(draw, teller, serial, residents)
    for (insurer, name), members in sorted(residents.items()):
        _heads(draw, teller, insurer, name, members)
        _months(draw, teller, insurer, name)
    return teller.files()


def _life(
    draw: st.DrawFn, teller: _Teller, serial: int, residents: dict[tuple[str, str], list[tuple[str, date]]]
) -> None:
    """The periods of one person, one after the other, and what was corrected about them."""
    day = FIRST_DAY + timedelta(days=draw(st.sampled_from([0, 0, 0, 30])))
    common = {"birth_date": date(1960, 1, serial), "sex": "2", "number": number(serial)}
    before: str | None = None
    came = "03"
    steps = draw(st.integers(1, 3))
    for step in range(steps):
        insurer = draw(st.sampled_from([each for each in MUNICIPALITIES if each != before]))
        addressee = f"{serial}"
        name = draw(st.sampled_from(["1", "1", "2"]))
        is_last = step == steps - 1
        length = draw(st.sampled_from([10, 60, 180]))
        end = None if is_last and draw(st.booleans()) else day + timedelta(days=length)
        leaves = draw(st.sampled_from(["57", "57", "57", "53", "51"])) if end else None
        history = teller.next_history(insurer, addressee)
        more = {**common, "household": name, "reason": came, "address_withheld": draw(st.sampled_from("0001"))}
        row = {"start": day.isoformat(), **more}
        closed = {**row, "end": end.isoformat(), "end_reason": leaves} if end else row

        def tell(
            fields: Row, kind: str, insurer: str = insurer, addressee: str = addressee, history: int = history
        ) -> None:
            teller.say("SKKOJIN", person(insurer, addressee, history, kind=kind, **fields), draw(st.booleans()))

        match draw(
            st.sampled_from(["at once", "at once", "closed later", "corrected", "cancelled", "anew", "household"])
        ):
            case "at once":
                tell(closed, "1")
            case "closed later":
                tell(row, "1")
                tell(closed, "2")
            case "corrected":
                tell({**closed, "household": "2"}, "1")
                tell(closed, "2")
            case "cancelled":
                tell(closed, "1")
                tell(closed, "3")
            case "anew":
                tell(closed, "1")
                tell(closed, "3")
                again = teller.next_history(insurer, addressee)
                teller.say("SKKOJIN", person(insurer, addressee, again, **closed), draw(st.booleans()))
            case _:
                later = teller.next_history(insurer, addressee)
                tell({**closed, "member_end": (day + timedelta(days=5)).isoformat()}, "1")
                moved = {**closed, "household": "2", "member_start": (day + timedelta(days=5)).isoformat()}
                teller.say("SKKOJIN", person(insurer, addressee, later, **moved), draw(st.booleans()))
                residents.setdefault((insurer, "2"), []).append((addressee, day + timedelta(days=5)))
        residents.setdefault((insurer, name), []).append((addressee, day))
        if end is None:
            return
        skew = draw(st.sampled_from([0, 0, 0, 0, 4, -4])) if leaves == "57" else draw(st.sampled_from([0, 40]))
        came = (
            draw(st.sampled_from(["07", "07", "07", "03", "01"]))
            if leaves == "57"
            else draw(st.sampled_from(["03", "01", "07"]))
        )
        day, before = end + timedelta(days=skew), insurer


def _heads(draw: st.DrawFn, teller: _Teller, insurer: str, name: str, members: Sequence[tuple[str, date]]) -> None:
    """Who is head of one household: nobody said so, one of its members, a nominal head, or one after the other."""
    ordered = sorted(members, key=lambda each: each[1])
    first, day = ordered[0]
    what = draw(st.sampled_from(["member", "member", "member", "nominal", "changes", "unknown", "corrected"]))
    fields = {"start": day.isoformat(), "household_start": day.isoformat()}

    def tell(row: Row) -> None:
        teller.say("SKSETAI", row, draw(st.booleans()))

    if what == "member":
        tell(household(insurer, name, first, **fields))
    elif what == "nominal":
        subject = f"9{name}"
        teller.say(
            "SKKOJIN",
            nominal_head(insurer, subject, household=name, number=number(90 + int(name)), birth_date=date(1950, 1, 1)),
            draw(st.booleans()),
        )
        tell(household(insurer, name, subject, head_kind="2", **fields))
    elif what == "changes":
        changed = (day + timedelta(days=20)).isoformat()
        other = draw(st.sampled_from([each for each, _ in ordered]))
        tell(household(insurer, name, first, head_end=changed, **fields))
        tell(household(insurer, name, other, history=2, start=changed))
    elif what == "corrected":
        tell(household(insurer, name, "404", **fields))
        tell(household(insurer, name, first, kind="2", **fields))


def _months(draw: st.DrawFn, teller: _Teller, insurer: str, name: str) -> None:
    for month in draw(
        st.lists(st.sampled_from(["202201", "202202", "202203", "202206", "202207"]), unique=True, max_size=3)
    ):
        occurrence = draw(st.sampled_from("112"))
        teller.say("KOGAKU", high_cost(insurer, name, month, occurrence=occurrence), draw(st.booleans()))
        if draw(st.integers(0, 4)) == 0:
            teller.say("KOGAKU", high_cost(insurer, name, month, "3", occurrence), draw(st.booleans()))


@st.composite
def orders(draw: st.DrawFn, files: Sequence[Sent], *, in_sequence: bool | None = None) -> list[Sent]:
    """The files in an order the prefecture may receive them in: each sender's in sequence, or shuffled so that some wait."""
    shuffled = list(draw(st.permutations(files)))
    if draw(st.booleans()) if in_sequence is None else in_sequence:
        waiting: dict[tuple[str, str], list[Sent]] = {}
        for each in sorted(shuffled, key=lambda each: each.sequence, reverse=True):
            waiting.setdefault((each.sender, each.file_id), []).append(each)
        shuffled = [waiting[each.sender, each.file_id].pop() for each in shuffled]
    return shuffled
