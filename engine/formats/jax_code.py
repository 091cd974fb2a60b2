"""A project as a Python program that computes it with JAX alone."""

from __future__ import annotations

from engine.project import Project


def jax_code(project: Project, weights_file: str | None = None) -> str:
    """The program; raises `NotReadyError` where the graph has problems."""
    raise NotImplementedError
