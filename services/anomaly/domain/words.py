"""Amounts as people read them."""

from __future__ import annotations


def dollars(amount: float) -> str:
    """Rounded to what people read: $1,204, $31, $4.20, $0.0031."""
    if amount >= 10:
        return f"${amount:,.0f}"
    if amount >= 0.1 or amount == 0:
        return f"${amount:.2f}"
    return f"${amount:.2g}" if amount >= 0.0001 else f"${amount:.1e}"
