"""Grafana's units, written as Grafana would."""

from collections.abc import Callable

_TIMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_SHORT = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_BINARY = ((2.0**30, " GiB"), (2.0**20, " MiB"), (2.0**10, " KiB"), (1.0, " B"))
_DECIMAL = ((1e9, " GB/s"), (1e6, " MB/s"), (1e3, " kB/s"), (1.0, " B/s"))


def written(value: float, unit: str, decimals: int | None = None) -> str:
    """A value in its unit, short enough for an axis."""
    if decimals is not None and unit == "short":
        value = round(value, decimals)
    return _UNITS[unit](value)


def _scaled(value: float, scale: tuple[tuple[float, str], ...], space: str = "") -> str:
    for size, name in scale:
        if abs(value) >= size:
            return f"{_digits(value / size)}{space}{name}"
    size, name = scale[-1]
    return f"{_digits(value / size)}{space}{name}" if value else "0"


def _digits(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _rate(name: str) -> Callable[[float], str]:
    return lambda value: f"{_scaled(value, _SHORT)}{name}"


_UNITS: dict[str, Callable[[float], str]] = {
    "s": lambda value: _scaled(value, _TIMES, " "),
    "percentunit": lambda value: f"{_digits(100 * value)} %",
    "bytes": lambda value: _scaled(value, _BINARY),
    "Bps": lambda value: _scaled(value, _DECIMAL),
    "cpm": _rate("/min"),
    "cps": _rate("/s"),
    "ops": _rate("/s"),
    "pps": _rate("/s"),
    "short": lambda value: _scaled(value, _SHORT),
    "none": lambda value: f"{value:.2f}",
}
