"""被保険者: the aggregate of one addressee's received records in one municipality (P-3, P-7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from kokuho_core.errors import Problem, RecordRefused
from kokuho_core.insured_person.application_period import ApplicationPeriod, application_periods
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.periods import overlapping_pairs
from kokuho_core.reception.lifecycle import Standing, receive_in_order, refusal_of, standing_after
from kokuho_core.vocabulary.codes import UpdateKind
from kokuho_core.vocabulary.identifiers import Source


@frozen
class InsuredPerson:
    """被保険者(市町村単位): all messages about one addressee in received order, and those held (I-1).

    Nothing is overwritten: a correction or cancellation is a further message (P-7).
    """

    messages: tuple[PersonFact, ...] = ()
    held: frozenset[Source] = frozenset()

    def receive(self, fact: PersonFact) -> InsuredPerson:
        """With one more message. Raises :class:`RecordRefused`: KKH-R001, KKH-R002, KKH-P007 (X-4)."""
        code = refusal_of(fact.update_kind, self._standing(fact.history_number))
        if code is not None:
            raise RecordRefused(Problem(code, fact.line, "history_number"))
        return InsuredPerson((*self.messages, fact), self.held)

    def _standing(self, history_number: int) -> Standing:
        for message in reversed(self.messages):
            if message.history_number == history_number:
                return standing_after(message.update_kind)
        return Standing.NEVER_SENT

    def live_rows(self) -> list[PersonFact]:
        """現在有効な履歴行: the version of each record that is in force, by history number.

        A held correction leaves the old version standing (X-6).
        """
        return live_rows(self.messages, self.held)

    def application_periods(self) -> list[ApplicationPeriod]:
        """適用期間 by start."""
        return application_periods(self.live_rows())

    def require_no_overlap(self) -> None:
        """P-3: the live application periods of one municipality never overlap. Raises :class:`RecordRefused` (KKH-P003)."""
        rows = self.live_rows()
        if len(rows) < 2:
            return
        periods = application_periods(rows)
        if len(periods) > 1 and overlapping_pairs([period.days for period in periods]):
            raise RecordRefused(Problem("KKH-P003", field="application_start"))


def live_rows(messages: Iterable[PersonFact], held: frozenset[Source] = frozenset()) -> list[PersonFact]:
    """The version of each record in force after ``messages`` (in received order), by history number.

    A cancelled record never comes back, whatever is merged or listed from these rows (P-7, Q-7).
    """
    rows: dict[int, PersonFact] = {}
    for message in messages:
        if message.update_kind == UpdateKind.CANCELLATION:
            rows.pop(message.history_number, None)
        elif not held or message.source not in held:
            rows[message.history_number] = message
    return [rows[number] for number in sorted(rows)] if len(rows) > 1 else list(rows.values())


def judge_file(
    known: Sequence[PersonFact], sent: Sequence[PersonFact], held: frozenset[Source] = frozenset()
) -> dict[int, Problem]:
    """Refusals, by line, of one addressee's records in one file; ``held`` are known records that have no effect (X-6).

    Each record is judged in the order of the file (X-4); P-3 is judged at its end, and then refuses all of the person's
    records in this file together.
    """
    person, refused = receive_in_order(InsuredPerson(tuple(known), held), sent)
    try:
        person.require_no_overlap()
    except RecordRefused as refusal:
        for fact in sent:
            refused.setdefault(fact.line, refusal.problems[0].at(fact.line))
    return refused
