"""Counts, bytes and times as a person reads them: three digits and a unit."""

from __future__ import annotations

_THOUSANDS = ("", "k", "M", "G", "T", "P")


def short(number: float) -> str:
    """A number in three digits: 950, 1.23 k, 45.6 M."""
    value, unit = _scaled(number, 1000)
    return f"{value} {unit}".rstrip()


def bytes_text(number: float) -> str:
    """A size in memory: 512 B, 1.23 KiB, 45.6 MiB."""
    value, unit = _scaled(number, 1024)
    return f"{value} {unit.upper()}iB" if unit else f"{value} B"


def seconds_text(seconds: float) -> str:
    """A short time: 850 ns, 12.3 µs, 4.56 ms, 1.20 s."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= scale:
            return f"{_digits(seconds / scale)} {unit}"
    return f"{_digits(seconds * 1e9)} ns"


def _scaled(number: float, step: int) -> tuple[str, str]:
    power = 0
    while number >= 999.5 and power < len(_THOUSANDS) - 1:
        number /= step
        power += 1
    return (f"{number:.0f}" if not power else _digits(number)), _THOUSANDS[power]


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def flops_text(flops: int | None) -> str:
    """Operations of a sample; "?" where they are not known."""
    return "?" if flops is None else short(flops)


def operations_text(flops: float) -> str:
    """Operations with their unit: 950 FLOP, 1.23 MFLOP."""
    value, unit = _scaled(flops, 1000)
    return f"{value} {unit}FLOP"


def memory_text(size: int | None) -> str:
    """Bytes; "?" where they are not known."""
    return "?" if size is None else bytes_text(size)
