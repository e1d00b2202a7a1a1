"""一群の判定: all that follows from the facts of one connected group alone, before anybody has an ID (Q-2, Q-3, Q-4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from attrs import frozen

from kokuho_core.identity.settlement import Settlement, is_alone, settle
from kokuho_core.insured_person.fact import PersonFact
from kokuho_core.qualification.derivation import Qualification
from kokuho_core.qualification.findings import UNMATCHED_WAIT_DAYS
from kokuho_core.qualification.judgement import PersonJudgement, judge_person, plain_qualification
from kokuho_core.vocabulary.insurers import InsurerRegister


@frozen
class PlainGroup:
    """Somebody of whom one record alone was ever sent, and who raises no question unless he is known already."""

    fact: PersonFact
    qualification: Qualification

    @property
    def facts(self) -> tuple[PersonFact, ...]:
        return (self.fact,)


@frozen
class JudgedGroup:
    """One connected group: its facts in received order, who is who, and a judgement of each settled person, in their order."""

    facts: Sequence[PersonFact]
    settlement: Settlement
    judgements: tuple[PersonJudgement, ...]


def judge_group(
    facts: Sequence[PersonFact], register: InsurerRegister, as_of: date, wait_days: int = UNMATCHED_WAIT_DAYS
) -> JudgedGroup:
    """Judge one connected group on business date ``as_of``."""
    settlement = settle(facts)
    return JudgedGroup(
        facts,
        settlement,
        tuple(judge_person(person.rows, register, as_of, wait_days) for person in settlement.persons),
    )


def judge_plainly(
    facts: Sequence[PersonFact], register: InsurerRegister, as_of: date, wait_days: int = UNMATCHED_WAIT_DAYS
) -> PlainGroup | JudgedGroup:
    """As :func:`judge_group`, where one step is enough in that one. Most persons are plain."""
    if is_alone(facts):
        qualification = plain_qualification(facts[0], register)
        if qualification is not None:
            return PlainGroup(facts[0], qualification)
    return judge_group(facts, register, as_of, wait_days)
