"""What a run has trained, compared with the graph that is on the canvas."""

from __future__ import annotations

from app.session import TrainedRun
from engine.layers.core import Input, Output
from engine.layers.text import StringLookup
from engine.project import Project
from tests.engine.test_text_layers import chain


def test_a_graph_fits_its_run_though_only_that_has_learned_the_vocabulary() -> None:
    layer = StringLookup(num_oov_indices=2)
    graph = chain(Input(shape=(1,), dtype="string"), layer, Output(loss="mean_squared_error"))
    learned = layer.replace(vocabulary=("a", "b"))
    run = TrainedRun(Project(graph.set_layer("n2", learned)), {})
    assert run.fits(graph)
    assert run.completed(Project(graph.rename("n2", "words"))).graph.by_name("words").layer == learned
    assert run.fits(run.project.graph)
    assert not run.fits(graph.set_layer("n2", layer.replace(vocabulary=("c",))))
    assert not run.fits(graph.set_layer("n2", layer.replace(num_oov_indices=3)))
