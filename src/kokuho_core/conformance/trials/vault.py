"""番号保管庫の試験: numbers are sealed, opened, moved about and damaged, before their own vault and a stranger's."""

from __future__ import annotations

import base64
import hashlib
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from attrs import define, evolve, field, frozen

from kokuho_core.conformance.choices import Choices, pick
from kokuho_core.conformance.lives import INSURERS
from kokuho_core.conformance.trials.rules import Port
from kokuho_core.conformance.trials.trial import REFUSED, Check, outcome
from kokuho_core.ports.keys import KeyRegister
from kokuho_core.ports.vault import NumberVault, SealedColumn, SealedNumber
from kokuho_core.synthetic.numbers import synthetic_number
from kokuho_core.vocabulary.identifiers import InsurerNumber
from kokuho_core.vocabulary.individual_number import IndividualNumber, NumberIndex

_PEOPLE: Final = 6
_CITIES: Final = tuple(each.insurer_number for each in INSURERS[:2])


@frozen
class VaultUnderTest:
    """試験対象の保管庫. ``keys`` opens the register of a unit of work, as the vault's own methods want it."""

    vault: NumberVault
    keys: Callable[[], AbstractContextManager[KeyRegister]]


MakeVault = Callable[[Sequence[InsurerNumber]], AbstractContextManager[VaultUnderTest]]
"""A vault for these municipalities, each time with keys of its own: the one after is a stranger to the one before."""


@frozen
class Seal:
    """封印: the numbers of some people, as one municipality sends them."""

    insurer: int
    people: tuple[int, ...]

    def __str__(self) -> str:
        return f"{INSURERS[self.insurer].name}: {'、'.join(f'人{each}' for each in self.people)} の番号を封印する"


@frozen
class Damage:
    """損傷: what was sealed as number ``place`` is opened after ``how`` was done to it."""

    place: int
    how: str
    bit: int = 0

    def __str__(self) -> str:
        return f"封印{self.place + 1}を、{_DAMAGES[self.how]}から開く"


_DAMAGES: Final = {
    "bit": "1ビット変えて",
    "end": "最後の1バイトを落として",
    "city": "別の市町村のものとして",
    "index": "別の人の索引を付けて",
    "content": "別の人の暗号文と入れ替えて",
    "key": "別の鍵の番号を付けて",
    "stranger": "別の県の保管庫に渡して",
    "stolen": "別の県の保管庫に、こちらの鍵の台帳とともに渡して",
}


@frozen
class VaultTrial:
    """番号保管庫の試験 (S-3, S-8, S-9)."""

    make: MakeVault
    port: Port = field(default=Port.VAULT, init=False)
    rule_of_failures: str = field(default="S-8", init=False)

    def history(self, choices: Choices) -> Iterator[Any]:
        sealed = 0
        for _ in range(1 + choices.below(5)):
            people = tuple(1 + choices.below(_PEOPLE) for _ in range(1 + choices.below(3)))
            yield Seal(choices.below(2), people)
            sealed += len(people)
            for _ in range(choices.below(3)):
                yield Damage(choices.below(sealed), pick(choices, tuple(_DAMAGES)), choices.below(8 * 28))

    def simpler(self, act: Any) -> Iterator[Any]:
        if isinstance(act, Seal) and len(act.people) > 1:
            for gone in range(len(act.people)):
                yield evolve(act, people=act.people[:gone] + act.people[gone + 1 :])

    @contextmanager
    def open(self) -> Iterator[Callable[[Any], Iterator[Check]]]:
        with self.make(_CITIES) as own, self.make(_CITIES) as stranger:
            yield _Stage(own, stranger)


@define
class _Stage:
    own: VaultUnderTest
    stranger: VaultUnderTest
    kept: list[tuple[int, SealedNumber]] = field(factory=list)
    indexes: dict[int, NumberIndex] = field(factory=dict)

    def __call__(self, act: Any) -> Iterator[Check]:
        if isinstance(act, Seal):
            yield from self._seal(act)
        elif act.place < len(self.kept):
            yield from self._damage(act)

    # --- sealing and opening ---

    def _seal(self, act: Seal) -> Iterator[Check]:
        numbers = [_number(each) for each in act.people]
        with self.own.keys() as keys:
            sealed = self.own.vault.seal(keys, _CITIES[act.insurer], numbers)
        yield Check("S-8", "封印の数", len(numbers), len(sealed))
        with self.own.keys() as keys:
            for person, each in zip(act.people, sealed, strict=True):
                yield from self._kept(person, each, _CITIES[act.insurer])
                yield Check("S-8", f"人{person}の番号", True, self.own.vault.reveal(keys, each) == _number(person))
                self.kept.append((person, each))
            for city in _CITIES:
                kept = [(person, each) for person, each in self.kept if each.insurer_number == city]
                together = self.own.vault.reveal_column(keys, _column(city, [None, *(each for _, each in kept)]))
                expected = [None, *(_number(person) for person, _ in kept)]
                yield Check("S-8", "まとめて開いた番号の順", True, together == expected)

    def _kept(self, person: int, sealed: SealedNumber, insurer: InsurerNumber) -> Iterator[Check]:
        yield Check("S-8", "封印の市町村", insurer, sealed.insurer_number)
        known = self.indexes.setdefault(person, sealed.index)
        yield Check("S-9", f"人{person}の索引が県内で一つ", True, sealed.index == known)
        others = {index for other, index in self.indexes.items() if other != person}
        yield Check("S-9", f"人{person}の索引が他の人と違う", True, sealed.index not in others)
        with self.own.keys() as keys:
            found = self.own.vault.indexes(keys, _number(person))
        yield Check("S-9", f"人{person}を索引で探せる", True, sealed.index in found)
        with self.stranger.keys() as keys:
            elsewhere = self.stranger.vault.indexes(keys, _number(person))
        yield Check("S-9", "別の県の索引と違う", True, sealed.index not in elsewhere)
        digits = _number(person).reveal()
        yield Check("S-9", "索引が鍵のない要約値でない", True, not _is_unkeyed(sealed.index, digits))
        at_rest = (sealed.ciphertext, sealed.index, sealed.key_id.encode())
        yield Check("S-9", "保管する値に番号が現れない", True, not any(_shows(each, digits) for each in at_rest))
        fresh = all(each.ciphertext != sealed.ciphertext for _, each in self.kept)
        yield Check("S-8", "同じ番号でも暗号文は毎回違う", True, fresh)
        shown = f"{sealed!r} {self.own.vault!r} {sealed}"
        yield Check("S-3", "表示に番号が現れない", True, not _shows(shown.encode(), digits))

    # --- damage ---

    def _damage(self, act: Damage) -> Iterator[Check]:
        person, sealed = self.kept[act.place]
        system, register, given = self.own, self.own, sealed
        other = next((each for known, each in self.kept if known != person), None)
        match act.how:
            case "bit":
                given = evolve(sealed, ciphertext=_flipped(sealed.ciphertext, act.bit))
            case "end":
                given = evolve(sealed, ciphertext=sealed.ciphertext[:-1])
            case "city":
                given = evolve(sealed, insurer_number=_CITIES[sealed.insurer_number == _CITIES[0]])
            case "index" if other is not None:
                given = evolve(sealed, index=other.index)
            case "content" if other is not None:
                given = evolve(sealed, ciphertext=other.ciphertext)
            case "key":
                given = evolve(sealed, key_id=f"{sealed.key_id}x")
            case "stranger":
                system, register = self.stranger, self.stranger
            case "stolen":
                system = self.stranger
            case _:
                return
        for name, opened in (("開く", system.vault.reveal), ("まとめて開く", _all_of(system.vault))):
            raised: list[Exception] = []
            with register.keys() as keys:
                yield Check("S-8", name, REFUSED, outcome(_noting(raised, opened, keys, given)))
            for error in raised:
                told = "".join(traceback.format_exception(error)) + f"{error!r}{error.args!r}"
                yield Check("S-3", "例外に番号が現れない", True, not _shows(told.encode(), _number(person).reveal()))


def _number(person: int) -> IndividualNumber:
    return IndividualNumber(synthetic_number(person))


def _all_of(vault: NumberVault) -> Callable[[KeyRegister, SealedNumber], object]:
    return lambda keys, sealed: vault.reveal_column(keys, _column(sealed.insurer_number, [sealed]))


def _column(insurer: InsurerNumber, sealed: Sequence[SealedNumber | None]) -> SealedColumn:
    return SealedColumn(
        insurer,
        [each.index if each is not None else None for each in sealed],
        [each.key_id if each is not None else None for each in sealed],
        [each.ciphertext if each is not None else None for each in sealed],
    )


def _noting(
    raised: list[Exception], opened: Callable[[KeyRegister, SealedNumber], object], keys: KeyRegister, sealed: SealedNumber
) -> Callable[[], object]:
    def act() -> object:
        try:
            return opened(keys, sealed)
        except Exception as error:
            raised.append(error)
            raise

    return act


def _flipped(content: bytes, bit: int) -> bytes:
    place, mask = bit // 8 % len(content), 1 << bit % 8
    return content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :]


_DIGESTS: Final = (hashlib.sha256, hashlib.sha384, hashlib.sha512, hashlib.sha3_256)


def _is_unkeyed(index: bytes, digits: str) -> bool:
    """Whether anybody who knows all numbers can make it, hexadecimal or cut short as well."""
    made = [digest(form).digest() for digest in _DIGESTS for form in _forms(digits)]
    return any(each.startswith(index) or index == each.hex().encode() for each in made)


def _shows(content: bytes, digits: str) -> bool:
    return any(form in content for form in _forms(digits))


def _forms(digits: str) -> tuple[bytes, ...]:
    """The ways in which a number is usually written down."""
    plain = digits.encode("ascii")
    return (
        plain, plain[::-1], digits.encode("utf-16-le"), digits.encode("utf-16-be"), bytes.fromhex(digits),
        base64.b64encode(plain), int(digits).to_bytes(8, "big"), int(digits).to_bytes(8, "little"),
        "".join(chr(0xFF10 + int(each)) for each in digits).encode(),
    )  # fmt: skip
