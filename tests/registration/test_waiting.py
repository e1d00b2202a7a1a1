"""What cannot be registered yet: what stays of it meanwhile, what does not, and that it is counted from its notice."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count, pairwise

from hypothesis import given
from hypothesis import strategies as st

from kokuho_core.eligibility_history.versions import Standing, Version, Waiting, Wanted, changes
from kokuho_core.entrusted_partition.exchanged import RecordKey
from kokuho_core.entrusted_partition.subscriber import Subscriber
from kokuho_core.insured_person.fact import IdentityVerdict
from kokuho_core.qualification.findings import FindingKind
from kokuho_core.usecases.due_registrations import due_registrations
from kokuho_core.usecases.identity import decide_identity
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalInsuredId, Source
from kokuho_core.vocabulary.individual_number import NumberIndex

from ..aggregation.support import entered, insured
from ..prefecture.office import A, B, day, number
from .counter import Counter

GAIJI = "見本　\ue000子"


def shown(counter: Counter, insurer: str = A) -> list[tuple[str, str | None, str, str]]:
    """(number's last five digits, branch, start, end) of everything that is live at the receiver."""
    return sorted(
        (
            each.individual_number.reveal()[-5:],
            each.branch_number,
            each.application_start.isoformat(),
            each.application_end.isoformat() if each.application_end else "",
        )
        for each in counter.receiver.of(insurer).live.values()
    )


class TestBranchNumbers:
    def test_two_that_were_mixed_up_are_exchanged(self, counter: Counter) -> None:
        """Rules: R-2, R-8. Neither waits for the other, and both give theirs up before either gets the other's."""
        counter.told(A, insured(A, "10", 1, branch_number="01"), insured(A, "20", 2, branch_number="02"))
        counter.exchange()
        counter.told(
            A, insured(A, "10", 1, branch_number="02", kind="2"), insured(A, "20", 2, branch_number="01", kind="2")
        )
        done = counter.register()
        assert (done.counts.blocked, done.prepared.cancellations, done.prepared.registrations) == (0, 2, 2)
        assert [kind for _, kind in counter.receiver.of(A).effects] == ["1", "1", "3", "3", "1", "1"]
        counter.results()
        assert [each[:2] for each in shown(counter)] == [(number(1)[-5:], "02"), (number(2)[-5:], "01")]
        assert counter.reconcile().agrees

    def test_who_leaves_makes_room_at_once(self, counter: Counter) -> None:
        """Rules: R-2. A loss and a birth in one file; the number goes from one to the other."""
        counter.told(A, insured(A, "20", 2, branch_number="01"))
        counter.exchange()
        counter.told(
            A,
            insured(A, "10", 1, branch_number="01", start="2024-05-01"),
            insured(A, "20", 2, branch_number="01", end="2024-05-01", end_reason="52", kind="2"),
        )
        assert counter.register().counts.blocked == 0
        effects = counter.receiver.of(A).effects
        assert [kind for _, kind in effects] == ["1", "3", "1", "1"]

    def test_who_cannot_leave_keeps_it(self, counter: Counter) -> None:
        """Rules: R-2. Three in a row: the first one's wish is another's, so nobody moves."""
        people = [insured(A, f"{each}0", each, branch_number=f"0{each}") for each in (1, 2, 3)]
        counter.told(A, *people)
        counter.exchange()
        before = shown(counter)
        counter.told(A, *(insured(A, f"{each}0", each, branch_number=f"0{each + 1}", kind="2") for each in (1, 2)))
        assert counter.register().counts.blocked == 2
        assert shown(counter) == before
        counter.told(A, insured(A, "30", 3, branch_number="04", kind="2"))
        assert counter.exchange().registered == 3
        assert [branch for _, branch, *_ in shown(counter)] == ["02", "03", "04"]


class TestWhatStays:
    def test_who_hides_is_hidden_while_the_rest_waits(self, counter: Counter) -> None:
        """Rules: R-2, C-5. Both flags go on at once, under the content that stands."""
        counter.told(A, insured(A, "10", 1, branch_number="01"))
        counter.exchange()
        counter.told(B, entered(B, "70", 1, start="2024-06-01"))  # nobody said that he left: both are held
        flags = {"address_withheld": "1", "self_view_stopped": "1"}
        counter.told(A, insured(A, "10", 1, branch_number="01", name="改名　花子", kind="2", **flags))
        assert counter.exchange().registered == 1
        (line,) = counter.receiver.of(A).live.values()
        assert (line.address_withheld, line.self_view_stopped, line.name) == ("1", "1", "見本　花子")
        assert counter.counts().blocked == 1
        assert counter.register().batches == ()
        assert counter.reconcile().agrees

    def test_hidden_by_a_record_whose_name_waits(self, counter: Counter) -> None:
        """Rules: R-2, S-17."""
        counter.told(A, insured(A, "10", 1))
        counter.exchange()
        counter.told(A, insured(A, "10", 1, name=GAIJI, address_withheld="1", kind="2"))
        counter.exchange()
        (line,) = counter.receiver.of(A).live.values()
        assert (line.address_withheld, line.name) == ("1", "見本　花子")

    def test_a_period_known_by_another_row_is_the_same_one(self, counter: Counter) -> None:
        """Rules: X-32, P-3, X-9. Its first row is cancelled while it is held: what stands stays."""
        counter.told(A, insured(A, "10", 1), insured(A, "10", 1, history=2, name="改名　花子"))
        counter.exchange()
        counter.told(B, entered(B, "70", 1, start="2024-06-01"))
        counter.told(A, insured(A, "10", 1, kind="3"))
        assert counter.register().batches == ()
        assert len(shown(counter)) == 1

    def test_no_day_is_covered_twice_because_something_waits(self, counter: Counter) -> None:
        """Rules: R-8. One period ends and waits, the next one begins in the days that stand for the first."""
        counter.told(A, insured(A, "10", 1, start="2020-04-01"))
        counter.exchange()
        counter.told(
            A,
            insured(A, "10", 1, start="2020-04-01", end="2024-01-01", end_reason="53", name=GAIJI, kind="2"),
            insured(A, "10", 1, history=2, start="2024-03-01"),
        )
        counter.exchange()  # the model receiver takes no day twice
        assert [each[2:] for each in shown(counter)] == [("2024-03-01", "")]
        counter.told(A, insured(A, "10", 1, start="2020-04-01", end="2024-01-01", end_reason="53", kind="2"))
        counter.exchange()
        assert [each[2:] for each in shown(counter)] == [("2020-04-01", "2024-01-01"), ("2024-03-01", "")]


FIRST = date(2024, 1, 1)
_KEYS = count(1)


def content(start: date, end: date | None, name: str) -> Subscriber:
    return Subscriber(
        MunicipalInsuredId("M1"), None, "1", None, name, "", None, None, None, None, "0", date(1980, 1, 1), "1", "", start,
        None, None, start, end, "0", "0",
    )  # fmt: skip


def _periods(bounds: list[int]) -> list[tuple[date, date | None]]:
    """Periods of one person that never overlap, from days in any order; the last one may be open."""
    days = [FIRST + timedelta(each) for each in sorted(bounds)]
    found: list[tuple[date, date | None]] = list(pairwise(days))[::2]
    return [*found, (days[-1], None)] if len(days) % 2 else found


_BOUNDS = st.lists(st.integers(0, 20), max_size=6, unique=True).map(_periods)


def days_of(each: Subscriber) -> set[date]:
    end = each.application_end or FIRST + timedelta(30)
    return {each.application_start + timedelta(n) for n in range((end - each.application_start).days)}


@given(
    standing=_BOUNDS.flatmap(lambda each: st.tuples(st.just(each), st.lists(st.sampled_from(Standing), min_size=4, max_size=4))),
    now=_BOUNDS,
    waits=st.lists(st.booleans(), min_size=4, max_size=4),
    names=st.lists(st.sampled_from("ab"), min_size=8, max_size=8),
)
def test_what_is_told_leads_to_what_is_wanted(
    standing: tuple[list[tuple[date, date | None]], list[Standing]],
    now: list[tuple[date, date | None]],
    waits: list[bool],
    names: list[str],
) -> None:
    """Rules: R-8, Q-7, S-24. Against sets of days: nothing twice, everything wanted is there, nothing else but what waits."""
    number_ = NumberIndex(b"n")
    source = Source(1, 2)
    versions = [
        Version(RecordKey(f"K{next(_KEYS)}"), place, content(*days, name), number_, state, source)
        for place, (days, state, name) in enumerate(zip(standing[0], standing[1], names, strict=False), 1)
    ]
    everything = [
        (Wanted(place, content(*days, name), number_, source, FIRST), is_waiting)
        for place, (days, is_waiting, name) in enumerate(zip(now, waits, names[4:], strict=False), 1)
    ]
    wanted = [each for each, is_waiting in everything if not is_waiting]
    waiting = [Waiting(each.period, each.content.application_start) for each, is_waiting in everything if is_waiting]
    told = changes(versions, wanted, waiting)
    ended = {*told.dropped, *told.cancelled}
    kept = [each for each in versions if each.record_key not in ended]
    live = [each.content for each in kept] + [each.content for each in told.registered]
    covered = [day for each in live for day in days_of(each)]
    assert len(covered) == len(set(covered))
    for each in wanted:
        assert each.content in live
    wanted_days = {day for each in wanted for day in days_of(each.content)}
    for version in versions:
        is_wanted = version.content in [each.content for each in wanted]
        is_waited_for = any(
            version.period == each.period or version.content.application_start == each.start for each in waiting
        )
        assert (version in kept) == (is_wanted or (is_waited_for and not days_of(version.content) & wanted_days))
    for version in versions:
        assert (version.record_key in told.dropped) <= (version.standing in (Standing.QUEUED, Standing.REFUSED))


class TestCounted:
    def due(self, counter: Counter, insurer: str = A) -> set[tuple[str, str | None, date]]:
        """(addressee, code, due day) of everything."""
        items = due_registrations(counter.office, InsurerNumber(insurer), day("2024-06-30"))
        return {(each.registration.addressee_number, each.registration.code, each.due_on) for each in items}

    def test_a_record_whose_owner_is_not_decided(self, counter: Counter) -> None:
        """Rules: R-5, I-1, X-25. It is not sent, but its notice was received; decided, it goes on."""
        counter.told(A, insured(A, "100", 1, end="2024-06-01"))
        notice = {"birth_date": "1961-01-01", "application_start_notified": "2024-06-03"}
        other = entered(B, "200", 1, start="2024-06-01", **notice)
        assert counter.persons(B, other).counts.held == 1
        counter.resolve()
        assert self.due(counter, B) == {("200", "KKH-K006", day("2024-06-08"))}
        assert counter.register(B).batches == ()
        [finding] = [each for each in counter.findings() if each.kind is FindingKind.IDENTITY]
        decide_identity(counter.office, str(finding.number), IdentityVerdict.SAME)
        counter.resolve()
        assert self.due(counter, B) == {("200", None, day("2024-06-08"))}
        counter.exchange(B)
        assert self.due(counter, B) == set()

    def test_a_first_record_that_has_ended_already(self, counter: Counter) -> None:
        """Rules: R-5. Two notices, none of which was answered: the earlier one counts."""
        notices = {"application_start_notified": "2024-04-03", "application_end_notified": "2024-06-10"}
        counter.told(A, insured(A, "10", 1, start="2024-04-01", end="2024-06-01", end_reason="53", **notices))
        assert self.due(counter) == {("10", None, day("2024-04-08"))}

    def test_a_date_set_right_under_the_notice_that_was_answered(self, counter: Counter) -> None:
        """Rules: R-5, P-7. It is no new notice; the days count from the record."""
        notice = {"application_start_notified": "2020-04-03"}
        counter.told(A, insured(A, "10", 1, start="2020-04-01", **notice))
        counter.exchange()
        counter.told(A, insured(A, "10", 1, start="2020-04-02", kind="2", updated_at=day("2024-06-05"), **notice))
        assert self.due(counter) == {("10", None, day("2024-06-10"))}

    def test_what_another_municipality_changed(self, counter: Counter) -> None:
        """Rules: R-5, Q-4. Its own record is years old; the change is known from today on."""
        counter.told(B, insured(B, "70", 1, start="2018-04-01", end="2020-04-01"))
        counter.told(A, entered(A, "10", 1, start="2020-04-01", application_start_notified="2020-04-03"))
        for insurer in (A, B):
            counter.exchange(insurer)
        assert counter.live(A)[0][2] == day("2018-04-01")
        counter.told(B, insured(B, "70", 1, start="2018-06-01", end="2020-04-01", kind="2", updated_at=day("2024-06-03")))
        assert self.due(counter, A) == {("10", None, counter.clock.today() + timedelta(5))}


