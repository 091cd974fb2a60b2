"""What all tests share: no screen, JAX under Keras, settings of their own, and no Qt warnings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("KERAS_BACKEND", "jax")

# Most of the time of the tests goes into compiling small programs. What one process has compiled, the other and
# those that the tests start need not compile again, nor does the next run.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "compiled"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a Qt warning fail the test that it comes up in."""
    for item in items:
        item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
        item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints", extend=True))


@pytest.fixture(autouse=True, scope="session")
def _quick_draws() -> Iterator[None]:
    """Where tests have Keras beside them, which is imported by now."""
    if "keras" not in sys.modules:
        yield
        return
    from tests.engine.quick_draws import quick_draws

    with quick_draws():
        yield


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings and unsaved runs of a test away from those of the person who runs it."""
    monkeypatch.setenv("LAYERLOOM_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("LAYERLOOM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LAYERLOOM_CACHE_DIR", str(tmp_path / "cache"))
