"""個人番号: the most protected value. It exists in clear only between the file reader and the number vault."""

from __future__ import annotations

from typing import Final, NewType, NoReturn

from kokuho_core.errors import InvalidValue, Problem
from kokuho_core.vocabulary.check_digits import individual_number_digit, is_ascii_digits

NumberIndex = NewType("NumberIndex", bytes)
"""Keyed index of a 個人番号 (HMAC-SHA-256): equal for equal numbers, guarded like the number itself (S-9)."""

_MASK: Final = "************"


def individual_number_problem(text: str) -> str | None:
    """Error code if ``text`` is no 個人番号, else None. The check digit is necessary, never sufficient (I-1)."""
    if not is_ascii_digits(text, 12):
        return "KKH-I010"
    if text == "000000000000":
        return "KKH-I011"
    if int(text[11]) != individual_number_digit(text[:11]):
        return "KKH-I012"
    return None


class IndividualNumber:
    """個人番号, 12 digits with check digit. Masked in ``repr``, ``str`` and format; not pickled, hashed or iterated.

    Raises :class:`InvalidValue` (KKH-I010 form, KKH-I011 all zeros, KKH-I012 check digit) without the value.
    """

    __slots__ = ("__digits",)

    def __init__(self, digits: str) -> None:
        code = individual_number_problem(digits)
        if code is not None:
            raise InvalidValue(Problem(code, field="individual_number")) from None
        self.__digits = digits

    @classmethod
    def checked(cls, digits: str) -> IndividualNumber:
        """Wrap digits that :func:`individual_number_problem` has already passed."""
        number = cls.__new__(cls)
        number.__digits = digits
        return number

    def reveal(self) -> str:
        """The digits in clear. Only the number vault, the writers of files and the screen may call this."""
        return self.__digits

    def __repr__(self) -> str:
        return f"IndividualNumber({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IndividualNumber) and other.__digits == self.__digits

    def __hash__(self) -> NoReturn:
        raise TypeError("an IndividualNumber is not hashable: use its NumberIndex")

    def __reduce__(self) -> NoReturn:
        raise TypeError("an IndividualNumber is not serialised: seal it in the number vault")
