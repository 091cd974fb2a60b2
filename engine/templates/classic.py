"""Networks that books begin with."""

from __future__ import annotations

from engine.project import Project
from engine.templates.build import Build
from engine.templates.template import Template, architecture

_GROUP = "Classics"


def _lenet5() -> Project:
    """https://doi.org/10.1109/5.726791, with the average pooling and tanh of the paper, on 28 × 28 pixels."""
    net = Build()
    x = net("Input", shape=(28, 28, 1))
    x = net("Rescaling", x, scale=1 / 255)
    x = net("Conv2D", x, filters=6, kernel_size=(5, 5), padding="same", activation="tanh", name="c1")
    x = net("AveragePooling2D", x, name="s2")
    x = net("Conv2D", x, filters=16, kernel_size=(5, 5), activation="tanh", name="c3")
    x = net("AveragePooling2D", x, name="s4")
    x = net("Flatten", x)
    x = net("Dense", x, units=120, activation="tanh", name="c5")
    x = net("Dense", x, units=84, activation="tanh", name="f6")
    x = net("Dense", x, units=10, activation="softmax", name="digits")
    net("Output", x)
    return architecture(net.graph, batch_size=128)


def _two_inputs() -> Project:
    net = Build()
    left, right = net("Input", shape=(100,), name="features"), net("Input", shape=(10,), name="extras")
    a = net("Dense", left, units=64, activation="relu")
    b = net("Dense", right, units=32, activation="relu")
    x = net("Concatenate", a, b)
    x = net("Dense", x, units=1, activation="sigmoid", name="answer")
    net("Output", x, loss="binary_crossentropy")
    return architecture(net.graph)


CLASSICS: tuple[Template, ...] = (
    Template("lenet5", "LeNet-5", "Handwritten digits of 28 × 28 pixels, as in 1998.", _lenet5, _GROUP),
    Template("two-inputs", "Two inputs", "Two branches that meet in one answer.", _two_inputs, _GROUP),
)
