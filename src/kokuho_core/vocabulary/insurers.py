"""保険者: the insurers (municipalities) of one prefecture, with mergers (Q-10, X-31)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from attrs import field, frozen

from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.vocabulary.check_digits import is_ascii_digits, luhn_digit, municipality_digit
from kokuho_core.vocabulary.identifiers import InsurerNumber, MunicipalityCode


@frozen
class Insurer:
    """保険者(市町村).

    ``valid_from`` / ``valid_until`` bound its existence (half-open), ``successor`` is the insurer that took it over (Q-10).
    ``encoding`` is the character code of its files (X-22).
    Raises :class:`InvalidValue`: KKH-C001 保険者番号, KKH-C002 市町村コード, KKH-C003 reversed validity, KKH-C004 encoding.
    """

    insurer_number: InsurerNumber
    municipality_code: MunicipalityCode
    name: str
    valid_from: date | None = None
    valid_until: date | None = None
    successor: InsurerNumber | None = None
    encoding: str = "utf-8"

    def __attrs_post_init__(self) -> None:
        problems = []
        number, code = self.insurer_number, self.municipality_code
        if not is_ascii_digits(number, 6) or int(number[5]) != luhn_digit(number[:5]):
            problems.append(Problem("KKH-C001", field="insurer_number"))
        if not is_ascii_digits(code, 6) or int(code[5]) != municipality_digit(code[:5]):
            problems.append(Problem("KKH-C002", field="municipality_code"))
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            problems.append(Problem("KKH-C003", field="valid_until"))
        if self.encoding not in ("utf-8", "utf-8-sig", "cp932"):
            problems.append(Problem("KKH-C004", field="encoding"))
        if problems:
            raise InvalidValue(*problems)


def _by_number(insurers: Iterable[Insurer]) -> Mapping[InsurerNumber, Insurer]:
    return {insurer.insurer_number: insurer for insurer in insurers}


@frozen
class InsurerRegister:
    """保険者一覧: all insurers of the prefecture, past ones included."""

    _insurers: Mapping[InsurerNumber, Insurer] = field(converter=_by_number)

    def __iter__(self) -> Iterator[Insurer]:
        return iter(self._insurers.values())

    def __len__(self) -> int:
        return len(self._insurers)

    def __contains__(self, number: object) -> bool:
        return number in self._insurers

    def get(self, number: str) -> Insurer | None:
        return self._insurers.get(InsurerNumber(number))

    def is_one_municipality(self, one: InsurerNumber, other: InsurerNumber) -> bool:
        """Whether two numbers stand for one municipality: the same, or predecessor and successor (X-31)."""
        return one == other or self._is_successor(one, other) or self._is_successor(other, one)

    def _is_successor(self, number: InsurerNumber, of: InsurerNumber) -> bool:
        seen = {of}
        insurer = self._insurers.get(of)
        while insurer is not None and insurer.successor is not None and insurer.successor not in seen:
            if insurer.successor == number:
                return True
            seen.add(insurer.successor)
            insurer = self._insurers.get(insurer.successor)
        return False
