"""Charts as SVG that takes its colours from the page it stands in: `--class-0` and so on."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np

from engine.charts import Chart, Series, tick_text, ticks
from engine.colors import CLASS_COLORS

WIDTH, HEIGHT = 360, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 12, 44
_LINE = 16


def chart_svg(chart: Chart) -> str:
    """A chart with its axes, and its legend below."""
    legend = -(-len(chart.legend) // 2) * _LINE
    parts = [*_axes(chart), *(part for series in chart.series for part in _series(chart, series)), *_legend(chart)]
    size = f'viewBox="0 0 {WIDTH} {HEIGHT + legend}" width="{WIDTH}" height="{HEIGHT + legend}"'
    return f'<svg role="img" aria-label="{escape(chart.title)}" {size}>{"".join(parts)}</svg>'


def _x(chart: Chart, value: Any) -> Any:
    low, high = chart.x_range
    return _LEFT + (value - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)


def _y(chart: Chart, value: Any) -> Any:
    low, high = chart.y_range
    return HEIGHT - _BOTTOM - (value - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)


def _axes(chart: Chart) -> Iterator[str]:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    for values, across in ((ticks(*chart.x_range), True), (ticks(*chart.y_range), False)):
        for value in values:
            text = tick_text(value, values)
            if across:
                x = _x(chart, value)
                yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>'
                yield f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{text}</text>'
            else:
                y = _y(chart, value)
                yield f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
                yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
    middle = (_TOP + bottom) / 2
    yield f'<text x="{(_LEFT + right) / 2}" y="{bottom + 34}" text-anchor="middle">{escape(chart.x_title)}</text>'
    yield (
        f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{escape(chart.y_title)}</text>'
    )


def _series(chart: Chart, series: Series) -> Iterator[str]:
    color = f"var(--class-{series.color % len(CLASS_COLORS)})"
    x, y = _x(chart, np.asarray(series.x, float)), _y(chart, np.asarray(series.y, float))
    if series.mark == "dots":
        for left, top in zip(x, y, strict=True):
            yield f'<circle cx="{left:.1f}" cy="{top:.1f}" r="2.5" fill="{color}" fill-opacity="0.55"/>'
    elif series.mark == "bars":
        ground = _y(chart, 0.0)
        for left, right, top in zip(x[:-1], x[1:], y, strict=True):
            width = max(right - left - 1, 0.5)
            yield (
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{ground - top:.1f}"'
                f' fill="{color}"/>'
            )
    else:
        points = " ".join(f"{left:.1f},{top:.1f}" for left, top in zip(x, y, strict=True))
        style = 'class="guide"' if series.mark == "guide" else f'class="line" stroke="{color}"'
        yield f'<polyline {style} points="{points}"/>'


def _legend(chart: Chart) -> Iterator[str]:
    for place, series in enumerate(chart.legend):
        left = 12 + (place % 2) * WIDTH // 2
        top = HEIGHT + (place // 2) * _LINE
        yield (
            f'<line class="line" stroke="var(--class-{series.color % len(CLASS_COLORS)})"'
            f' x1="{left}" x2="{left + 16}" y1="{top}" y2="{top}"/>'
        )
        text = (
            series.text if len(series.text) <= 26 else f"{series.text[:14]}… {series.text.split(' ', 1)[-1][-9:]}"
        )
        yield f'<text x="{left + 22}" y="{top + 4}">{escape(text)}</text>'
