"""ファイル授受の試験: sendings, repetitions, other contents under used names, and senders that break off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

from attrs import define, evolve, field, frozen

from kokuho_core.conformance.choices import Choices, pick
from kokuho_core.conformance.lives import INSURERS
from kokuho_core.conformance.trials.rules import Port
from kokuho_core.conformance.trials.trial import Check, outcome

_SENDER: Final = INSURERS[0].insurer_number


class ExchangeUnderTest(Protocol):
    """試験対象の授受: one sender and one receiver, and what lies between them."""

    def send(self, files: Mapping[str, bytes]) -> None:
        """Send some files together. It may refuse them by raising."""
        ...

    def break_off(self, files: Mapping[str, bytes], done: float) -> None:
        """Leave behind what a sender leaves who dies when ``done`` (0 to below 1) of the sending was written."""
        ...

    def take(self) -> None:
        """The receiver takes what there is for him. What was set aside or has to wait raises nothing."""
        ...

    def received(self) -> Sequence[tuple[str, bytes]]:
        """Name and content of every file that the receiver was given so far, in the order in which he was given them."""
        ...


MakeExchange = Callable[[], AbstractContextManager[ExchangeUnderTest]]
"""A fresh exchange, in which nothing was sent yet."""


@frozen
class File:
    """一つのファイル: ``serial`` gives its name, ``edition`` its content."""

    serial: int
    edition: int = 1
    lines: int = 3

    @property
    def name(self) -> str:
        return f"SKKOJIN_{_SENDER}_202406{1 + self.serial // 24:02d}{self.serial % 24:02d}0000_{self.serial:04d}.csv"

    @property
    def content(self) -> bytes:
        rows = "".join(f"2,{self.serial},{self.edition},{line}\r\n" for line in range(self.lines))
        return f"1,SKKOJIN,{self.edition}\r\n{rows}9,{self.lines}\r\n".encode()

    def __str__(self) -> str:
        return f"ファイル{self.serial}" + (f"(別の内容{self.edition})" if self.edition > 1 else "")


@frozen
class Sending:
    """送信: ``done`` below 1 breaks off there."""

    files: tuple[File, ...]
    done: float = 1.0

    def __str__(self) -> str:
        what = "、".join(map(str, self.files))
        return f"{what} を送る" if self.done >= 1 else f"{what} を送る途中({self.done:.0%})で止まる"


@frozen
class Taking:
    """受取."""

    def __str__(self) -> str:
        return "受け手が受け取る"


@frozen
class ExchangeTrial:
    """ファイル授受の試験 (S-13, S-14, S-15)."""

    make: MakeExchange
    port: Port = field(default=Port.EXCHANGE, init=False)
    rule_of_failures: str = field(default="S-13", init=False)

    def history(self, choices: Choices) -> Iterator[Any]:
        sendings: list[Sending] = []
        serial = 0
        for _ in range(2 + choices.below(5)):
            what = pick(choices, ("new", "new", "again", "other", "broken")) if sendings else pick(choices, ("new", "broken"))
            if what in ("new", "broken"):
                files = tuple(File(serial + 1 + each, 1, choices.below(200)) for each in range(1 + choices.below(3)))
                serial += len(files)
                sending = Sending(files)
                sendings.append(sending)
            else:
                sending = pick(choices, sendings)
                if what == "other":
                    sending = Sending(tuple(evolve(each, edition=2 + choices.below(3)) for each in sending.files[:1]))
            yield evolve(sending, done=pick(choices, (0.0, 0.3, 0.5, 0.9))) if what == "broken" else sending
            if choices.below(3) == 0:
                yield Taking()
        yield Taking()

    def simpler(self, act: Any) -> Iterator[Any]:
        if isinstance(act, Sending):
            for gone in range(len(act.files)):
                if len(act.files) > 1:
                    yield evolve(act, files=act.files[:gone] + act.files[gone + 1 :])
            for place, each in enumerate(act.files):
                if each.lines > 3:
                    yield evolve(act, files=(*act.files[:place], evolve(each, lines=3), *act.files[place + 1 :]))

    @contextmanager
    def open(self) -> Iterator[Callable[[Any], Iterator[Check]]]:
        with self.make() as exchange:
            yield _Stage(exchange)


@define
class _Stage:
    """``sent``: complete files by name, in the order of their sending. ``claimed``: all that was ever under way by name; what
    was begun under a name may hold it, so of another content under it nothing is said but that it never replaces."""

    exchange: ExchangeUnderTest
    sent: dict[str, bytes] = field(factory=dict)
    claimed: dict[str, set[bytes]] = field(factory=dict)
    taken: list[tuple[str, bytes]] = field(factory=list)
    doubtful: set[str] = field(factory=set)

    def __call__(self, act: Any) -> Iterator[Check]:
        yield from self._send(act) if isinstance(act, Sending) else self._take()

    def _send(self, act: Sending) -> Iterator[Check]:
        files = {each.name: each.content for each in act.files}
        if act.done < 1:
            self.exchange.break_off(files, act.done)
            for name, content in files.items():
                self.claimed.setdefault(name, set()).add(content)
        elif any(self.claimed.get(name, {content}) != {content} for name, content in files.items()):
            outcome(lambda: self.exchange.send(files))  # whether it is refused at once or set aside is the exchange's own
            self.doubtful |= files.keys() - self.sent.keys()
            for name, content in files.items():
                self.claimed.setdefault(name, set()).add(content)
        else:
            self.exchange.send(files)
            for name, content in files.items():
                self.claimed[name] = {content}
                self.sent.setdefault(name, content)
        yield from self._nothing_changed()

    def _take(self) -> Iterator[Check]:
        self.exchange.take()
        now = [(name, bytes(content)) for name, content in self.exchange.received()]
        names = [name for name, _ in now]
        yield Check("S-14", "二度受け取ったファイル", [], sorted({name for name in names if names.count(name) > 1}))
        known = dict(now)
        for name, content in now:
            right = self.sent.get(name)
            if right is None and name in self.doubtful:
                yield Check("S-13", f"{name} の内容が送られたもののどれか", True, content in self.claimed[name])
            elif right is None:
                yield Check("S-13", f"{name}(送り終えていないもの)", "受け取らない", "受け取った")
            else:
                rule = "S-14" if len(self.claimed[name]) > 1 and content in self.claimed[name] else "S-13"
                yield Check(rule, f"{name} の内容({len(right)}バイト)", True, content == right)
        missing = [name for name in self.sent if name not in known and name not in self.doubtful]
        yield Check("S-13", "届いていないファイル", [], missing)
        due = [name for name in self.sent if name in known]
        ordered = [name for name in names if name in self.sent]
        before = [name for name, _ in self.taken if name in self.sent]
        # what was late for one taking comes with the next; among those of one taking the sender's order holds
        yield Check("S-15", "受け取った順", before + [name for name in due if name not in before], ordered)
        self.taken = now

    def _nothing_changed(self) -> Iterator[Check]:
        now = [(name, bytes(content)) for name, content in self.exchange.received()]
        yield Check("S-13", "受け手が受け取る前に届いたもの", len(self.taken), len(now))
        yield Check("S-14", "受け取り済みのファイルが変わらない", True, now == self.taken)
