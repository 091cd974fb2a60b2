"""A project as a Python program that builds it with Keras."""

from __future__ import annotations

from engine.project import Project


def keras_code(project: Project, weights_file: str | None = None) -> str:
    """The program; raises `NotReadyError` where the graph has problems."""
    raise NotImplementedError
