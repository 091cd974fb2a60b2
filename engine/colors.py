"""Colours that the window and written files share."""

from __future__ import annotations

CLASS_COLORS: tuple[tuple[str, str], ...] = (
    ("#3c5bdc", "#86a0ff"),
    ("#d0570f", "#ff9f63"),
    ("#1c7f74", "#4fc7b6"),
    ("#a13d9a", "#dd8ad6"),
    ("#8f6b00", "#d8b64a"),
    ("#b3243b", "#ff8791"),
    ("#3f8f3a", "#7fcb72"),
    ("#2c7fb0", "#69b9e6"),
    ("#7c6a5d", "#bfa997"),
    ("#5a6372", "#a7b0be"),
)
"""Of classes of samples, on light and on dark; after ten they come round again."""
