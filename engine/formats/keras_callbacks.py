"""The callbacks of a run as the Python of Keras."""

from __future__ import annotations

from collections.abc import Iterator

from engine.callbacks import Callback, Callbacks, ModelCheckpoint, TensorBoard
from engine.fields import describe
from engine.figures import rises
from engine.formats.python_text import Group, call, keyword, listing, literal, quoted, statement
from engine.graph import Graph
from engine.metrics import METRICS


def callback_lines(callbacks: Callbacks, graph: Graph, *, validated: bool) -> list[str]:
    """Lines that make the list `callbacks`, which begins with one that keeps the weights of the best epoch.

    Without a validation, the figures of the training data are watched.
    """
    plain = callbacks.monitor.removeprefix("val_")
    watched = [f"monitor={quoted(callbacks.monitor if validated else plain)}"]
    if plain not in ("loss", *METRICS):  # of these alone Keras knows which way is better
        watched.append(f"mode={quoted('max' if rises(graph, plain) else 'min')}")
    words = [quoted("best.weights.h5"), *watched]
    words += ["save_best_only=True", "save_weights_only=True"]
    best = statement("best = ", call("keras.callbacks.ModelCheckpoint", words))
    made = ["best", *_made(callbacks, watched)]
    return [
        "# The weights of the best epoch are kept in a file.",
        best,
        statement("callbacks = ", listing(made)),
    ]


def _made(callbacks: Callbacks, watched: list[str]) -> Iterator[str | Group]:
    for name in type(callbacks).model_fields:
        callback = getattr(callbacks, name)
        if isinstance(callback, ModelCheckpoint):
            yield _along_the_way(callback)
        elif isinstance(callback, TensorBoard):
            yield call("keras.callbacks.TensorBoard", [quoted("tensorboard")])
        elif isinstance(callback, Callback):
            yield call(f"keras.callbacks.{type(callback).__name__}", _arguments(callback, watched))


def _arguments(callback: Callback, watched: list[str]) -> list[str | Group]:
    names = [spec.name for spec in describe(type(callback))]
    found = [keyword(name, literal(getattr(callback, name))) for name in names]
    return [*watched, *found] if found else []


def _along_the_way(callback: ModelCheckpoint) -> Group:
    """Files every so many epochs, for which Keras counts batches."""
    wanted = f"(epoch + 1) % {callback.every} or " if callback.every > 1 else ""
    file = 'f"epoch-{epoch + 1:05}.weights.h5"'
    return call(
        "keras.callbacks.LambdaCallback",
        [f"on_epoch_end=lambda epoch, logs: {wanted}model.save_weights({file})"],
    )
