"""How times, money and sizes are written."""

import datetime as dt
import json
from decimal import Decimal

MC_PER_USD = 100_000
_MINUTE = 60
# A unit with its seconds, and the next smaller one.
_UNITS = (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1))
_MILLISECOND = 0.001
_KIB = 1024


def clock_time(moment: dt.datetime) -> str:
    """``13:33:09``, in UTC."""
    return moment.astimezone(dt.UTC).strftime("%H:%M:%S")


def date(moment: dt.datetime) -> str:
    """``2026-11-21``, in UTC."""
    return moment.astimezone(dt.UTC).date().isoformat()


def iso(moment: dt.datetime) -> str:
    """ISO 8601 with milliseconds, in UTC, as the API writes it."""
    text = moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def usd(amount_mc: int, places: int = 2) -> str:
    """Millicents as dollars: *places* decimals, or as many more as it takes to be exact."""
    amount = abs(Decimal(amount_mc) / MC_PER_USD)
    whole, _, cents = f"{amount:,.5f}".partition(".")
    sign = "\N{MINUS SIGN}" if amount_mc < 0 else ""
    return f"{sign}${whole}.{cents[:places]}{cents[places:].rstrip('0')}"


def change(amount_mc: int, places: int = 2) -> str:
    """The same with its sign, also where money comes in."""
    return f"+{usd(amount_mc, places)}" if amount_mc > 0 else usd(amount_mc, places)


def span(seconds: float) -> str:
    """How long something took, in its two largest units."""
    if seconds < _MILLISECOND:
        return "<1 ms"
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    total = round(seconds)
    unit, length, small, part = next(each for each in _UNITS if total >= each[1])
    rest = total % length // part
    return f"{total // length} {unit}" + (f" {rest} {small}" if rest else "")


def between(start: dt.datetime, end: dt.datetime) -> str:
    """How long it is from one time to another."""
    return span(max(0.0, (end - start).total_seconds()))


def size(count: int) -> str:
    """Bytes, in units of 1024."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < _KIB:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= _KIB
    return f"{amount:.1f} GiB"


def times(factor: float) -> str:
    """The speed of a clock."""
    return "stopped" if factor == 0 else f"{factor:,g}\N{MULTIPLICATION SIGN}"


def pretty(text: str) -> str:
    """JSON laid out for reading; what is not JSON stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
