"""What all tests share: no screen, JAX under Keras, settings of their own, and no Qt warnings."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("KERAS_BACKEND", "jax")

# Most of the time of the tests goes into compiling small programs. What one process has compiled, the other and
# those that the tests start need not compile again, nor does the next run.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "compiled"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# A test runs what it compiles a few times at most: a fifth of the time to compile is worth slower code. The
# fixture `compiled_in_full` is for tests of what users compile.
_QUICKLY = {
    "xla_cpu_use_fusion_emitters": False,
    "xla_llvm_disable_expensive_passes": True,
    "xla_backend_optimization_level": 0,
    "xla_cpu_parallel_codegen_split_count": 1,
}
_IN_FULL = {
    "xla_cpu_use_fusion_emitters": True,
    "xla_llvm_disable_expensive_passes": False,
    "xla_backend_optimization_level": 3,
    "xla_cpu_parallel_codegen_split_count": 32,
}
_FLAGS = [f"--{name}={str(value).lower()}" for name, value in _QUICKLY.items()]
os.environ["XLA_FLAGS"] = " ".join([*_FLAGS, os.environ.get("XLA_FLAGS", "")]).strip()

import pytest  # noqa: E402


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a Qt warning fail the test that it comes up in."""
    for item in items:
        item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
        item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints", extend=True))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Delete what a test has let go of: Qt does so in the event loop, which tests have not.

    Else windows pile up, and each that comes is slower: a change of colours reaches all of them.
    """
    yield
    if "PySide6.QtWidgets" in sys.modules:
        from PySide6.QtCore import QCoreApplication, QEvent

        if QCoreApplication.instance() is not None:
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(autouse=True, scope="session")
def _quick_draws() -> Iterator[None]:
    """Where tests have Keras beside them, which is imported by now."""
    if "keras" not in sys.modules:
        yield
        return
    from tests.engine.quick_draws import quick_draws

    with quick_draws():
        yield


@pytest.fixture
def compiled_in_full(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the program compile what networks learn with all that XLA does, as it is for users."""
    from engine import backend, steps

    def forget() -> None:
        backend.compiler_options.cache_clear()
        steps.forget()

    monkeypatch.setattr(backend, "_FASTER_ON_CPU", backend._FASTER_ON_CPU | _IN_FULL)
    forget()
    options = backend.compiler_options()
    assert options is None or options.items() >= _IN_FULL.items()
    yield
    forget()


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings and unsaved runs of a test away from those of the person who runs it."""
    monkeypatch.setenv("LAYERLOOM_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("LAYERLOOM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LAYERLOOM_CACHE_DIR", str(tmp_path / "cache"))
