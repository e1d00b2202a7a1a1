"""検査用数字: three different check digits of the field."""

from __future__ import annotations

from operator import mul

_DIGITS = b"0123456789"
_VALUES = bytes.maketrans(_DIGITS, bytes(range(10)))
_DOUBLED = bytes.maketrans(_DIGITS, bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))  # digit sum of twice the digit
_NUMBER_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_MUNICIPALITY_WEIGHTS = (6, 5, 4, 3, 2)


def is_ascii_digits(text: str, length: int) -> bool:
    """Whether ``text`` is exactly ``length`` ASCII digits (full-width digits are not)."""
    return len(text) == length and text.isascii() and text.isdigit()


def luhn_digit(payload: str) -> int:
    """Check digit of a 保険者番号 (Luhn) for the digits before it."""
    digits = payload.encode("ascii")
    return -(sum(digits[::-2].translate(_DOUBLED)) + sum(digits[-2::-2].translate(_VALUES))) % 10


def municipality_digit(payload: str) -> int:
    """Check digit of a 市町村コード (weights 6 5 4 3 2, ``(11 − Σ mod 11) mod 10``)."""
    total = sum(int(digit) * weight for digit, weight in zip(payload, _MUNICIPALITY_WEIGHTS, strict=True))
    return (11 - total % 11) % 10


def individual_number_digit(payload: str) -> int:
    """Check digit of a 個人番号 (総務省令第85号 第5条): ``11 − Σ mod 11``, and 0 where the remainder is 0 or 1."""
    # the bytes of ASCII digits are 48 too large, together 48 × Σ of the weights, which leaves 1
    remainder = (sum(map(mul, payload.encode("ascii"), _NUMBER_WEIGHTS)) - 1) % 11
    return 0 if remainder <= 1 else 11 - remainder
