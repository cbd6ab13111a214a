"""How the figures write numbers: as a reader would say them."""

from __future__ import annotations

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def superscript(exponent: int) -> str:
    """
    >>> superscript(-12)
    '⁻¹²'
    """
    return str(exponent).translate(_SUPERSCRIPT)


def tell(value: float) -> str:
    """Write a positive number with two significant digits.

    >>> tell(19.37), tell(0.01481), tell(7.3e-9), tell(120.0)
    ('19', '0.015', '7.3×10⁻⁹', '120')
    """
    # The nudge rounds a tie up, and so its neighbours by rounding error, in every language.
    mantissa, exponent = f"{value * (1 + 1e-12):.1e}".split("e")
    if -4 < int(exponent) < 4:
        return f"{float(f'{mantissa}e{exponent}'):g}"
    return f"{float(mantissa):g}×10{superscript(int(exponent))}"
