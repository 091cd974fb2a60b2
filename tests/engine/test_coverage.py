"""Every public class of keras.layers is here, or listed with the reason why it is not."""

from __future__ import annotations

import inspect

import keras

from engine.layers.omitted import OMITTED
from engine.registry import LAYERS


def keras_classes() -> dict[type, set[str]]:
    """The distinct public classes of keras.layers with all their names."""
    names: dict[type, set[str]] = {}
    for name in dir(keras.layers):
        value = getattr(keras.layers, name)
        if inspect.isclass(value):
            names.setdefault(value, set()).add(name)
    return names


def test_every_class_of_keras_is_here_or_left_out_for_a_reason() -> None:
    here = {cls.keras_class for cls in LAYERS.values() if cls.keras_module == "keras.layers"} - {None}
    found = keras_classes()
    missing = {min(names) for names in found.values() if not names & (here | OMITTED.keys())}
    assert not missing
    assert not here & OMITTED.keys()
    known = set().union(*found.values())
    assert (here | OMITTED.keys()) <= known
    assert all(len(reason) > 20 for reason in OMITTED.values())
    assert len(found) - len(OMITTED) >= 130
