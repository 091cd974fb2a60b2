"""Layers that work on texts and vocabularies: Keras's numbers, as stored; learning, training, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from engine.adaptation import learned
from engine.data.arrays import Npz, read_npz
from engine.data.prepare import Samples
from engine.errors import DataError, NotReadyError, StyleError
from engine.evaluation import evaluate_project, predict
from engine.events import Finished, Learned, Result
from engine.formats.jax_code import jax_code
from engine.formats.keras_config import to_config
from engine.formats.keras_h5 import load_model, save_model
from engine.formats.keras_layers import layer_config, read_layer
from engine.formats.reading import Place
from engine.graph import Graph
from engine.inference import infer
from engine.layer import Layer
from engine.layers.categories import CategoryEncoding, Discretization
from engine.layers.core import Dense, Input, Output
from engine.layers.text import HashedCrossing, Hashing, IntegerLookup, StringLookup, TextVectorization
from engine.model import compile_graph
from engine.op import Context
from engine.ops.hashing import farm_hash, sip_hash
from engine.optimizers import Adam
from engine.project import DataSettings, Project, TrainingSettings
from engine.registry import LAYERS
from engine.runs import read_run, recorded
from engine.training import train
from tests.engine.cases.text import STORED, stored_case

CASES = [(stored_case(entry), entry) for entry in STORED["cases"]]
over_cases = pytest.mark.parametrize(("case", "entry"), CASES, ids=[str(case) for case, _ in CASES])


def computed(layer: Layer, *inputs: Any) -> np.ndarray[Any, Any]:
    """What a layer gives, with what it computes on the host."""
    host = layer.host_op()
    given = inputs if host is None else [host({}, *inputs)]
    return np.asarray(layer.apply({}, *given, ctx=Context()))


def chain(*layers: Layer) -> Graph:
    graph = Graph()
    before = None
    for layer in layers:
        node = graph.new_node(layer)
        graph = graph.add(node) if before is None else graph.add(node).connect(before, node.id)
        before = node.id
    return graph


TEXT = Input(shape=(1,), dtype="string")
BINARY = (Dense(units=1, activation="sigmoid"), Output(loss="binary_crossentropy", metrics=("accuracy",)))


# Keras's numbers


@over_cases
def test_a_layer_gives_what_keras_gives(case: Any, entry: dict[str, Any]) -> None:
    found = computed(case.layer, *case.values)
    expected = np.asarray(entry["output"])
    assert found.shape == expected.shape
    if expected.dtype.kind == "U":
        assert found.tolist() == expected.tolist()
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@over_cases
def test_a_config_of_keras_is_read_as_the_layer_and_written_back(case: Any, entry: dict[str, Any]) -> None:
    read = read_layer({"class_name": entry["type"], "config": entry["config"]}, entry["config"], Place("file"))
    assert read == case.layer
    written = layer_config(read, entry["config"]["name"])
    theirs = {key: value for key, value in entry["config"].items() if key not in ("vocabulary_size", "dtype")}
    assert {key: written.get(key, theirs[key] if key == "oov_method" else None) for key in theirs} == theirs


@pytest.mark.parametrize("entry", STORED["learned"], ids=lambda entry: f"{entry['type']}-{entry['settings']}")
def test_a_layer_learns_the_vocabulary_that_keras_learns(entry: dict[str, Any]) -> None:
    layer: Any = LAYERS[entry["type"]].model_validate(entry["settings"])
    assert layer.learns
    samples = np.asarray(entry["samples"])
    after = layer.learn(samples)
    assert not after.learns
    assert after.forgotten() == layer
    assert after.known.places == tuple(entry["vocabulary"])
    if entry["idf_weights"] is not None:
        np.testing.assert_allclose(after.known.weights, entry["idf_weights"], rtol=1e-6)
    np.testing.assert_allclose(computed(after, samples), entry["output"], rtol=1e-6)
    restored = layer.replace(vocabulary=entry["vocabulary"], idf_weights=entry["idf_weights"])
    np.testing.assert_allclose(computed(restored, samples), entry["output"], rtol=1e-6)


# TensorFlow's `tf.strings.to_hash_bucket_fast` and `to_hash_bucket_strong` (key 133, 137), of 2**62 buckets.
HASHES = {
    "": (1936946117179621455, 316627932347062996),
    "a": (3694432073954588131, 2466253977694453450),
    "abcd": (1897425971756105985, 3196519216900852167),
    "abcdefgh": (4533385575889643785, 210173030064361732),
    "hello world, this is": (1357991222896029483, 1735869954063926694),
    "x" * 40: (3168538174772821140, 3060573628090643942),
    "y" * 64: (4471793200125962424, 1805651083953470005),
    "z" * 65: (3688229565335330613, 1285846017453303239),
    "q" * 200: (3537263014797593713, 4601279508118514495),
    "é": (693143013273849025, 2424455697274809134),
}


@pytest.mark.parametrize("text", HASHES)
def test_hashes_are_those_of_tensorflow(text: str) -> None:
    data = text.encode()
    assert (farm_hash(data) % 2**62, sip_hash(data, (133, 137)) % 2**62) == HASHES[text]


# Seed, samples, bins, epsilon, and what Keras's `adapt` gave for normal numbers of the shape (samples, 2).
BOUNDS: list[tuple[int, int, int, float, list[float]]] = [
    (0, 1000, 4, 0.01, [-0.7007958889007568, -0.03446555510163307, 0.6587346792221069]),
    (1, 7, 3, 0.01, [-0.035355184227228165, 0.39183980226516724]),
    (2, 300, 5, 0.1, [-0.8983768224716187, -0.3775545656681061, 0.20169515907764435, 0.7629951238632202]),
]


@pytest.mark.parametrize(("seed", "count", "bins", "epsilon", "bounds"), BOUNDS)
def test_discretization_learns_the_bounds_that_keras_learns(
    seed: int, count: int, bins: int, epsilon: float, bounds: list[float]
) -> None:
    samples = np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)
    layer = Discretization(num_bins=bins, epsilon=epsilon).learn(samples)
    np.testing.assert_allclose(layer.bin_boundaries or (), bounds, rtol=1e-6)


def test_integers_are_looked_up_by_jax_unless_they_are_hashed() -> None:
    assert IntegerLookup(num_oov_indices=3).host_op() is None
    assert IntegerLookup(num_oov_indices=3, oov_method="farmhash").host_op() is not None


def test_a_term_without_a_place_is_an_error() -> None:
    layer = StringLookup(vocabulary=("a",), num_oov_indices=0)
    graph = chain(TEXT, layer, CategoryEncoding(num_tokens=1), *BINARY)
    model = compile_graph(graph)
    with pytest.raises(DataError, match="'b' is not in the vocabulary"):
        model.prepare({"input": np.array([["a"], ["b"]])})


# On the canvas


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((TEXT, Dense(), *BINARY), "dense takes numbers, but input gives text"),
        (
            (Input(shape=(1,)), TextVectorization(), *BINARY),
            "text_vectorization takes text, but input gives numbers",
        ),
        ((Input(shape=(4,)), Dense(units=1), Hashing(), *BINARY), "must come before the layers that learn"),
        ((Input(shape=(4,)), Dense(), Discretization(num_bins=3), *BINARY), "must come before the layers"),
        ((TEXT, StringLookup(output_mode="multi_hot"), *BINARY), "set max_tokens"),
        ((TEXT, StringLookup(output_mode="count", max_tokens=9), *BINARY), "may have fewer than 9 terms"),
        ((TEXT, StringLookup(vocabulary=("a", "a")), *BINARY), "has 'a' more than once"),
        ((Input(shape=(3,), dtype="string"), TextVectorization(), *BINARY), "splits one text a sample"),
        ((Input(shape=(4,)), Discretization(), *BINARY), "needs bin_boundaries, or num_bins"),
        ((TEXT, Output(loss="mean_squared_error")), "output takes numbers, but input gives text"),
    ],
)
def test_problems_are_sentences(layers: tuple[Layer, ...], message: str) -> None:
    with pytest.raises(NotReadyError, match=message):
        compile_graph(chain(*layers))


def test_fixes_lead_to_a_graph_that_works() -> None:
    graph = chain(Input(shape=(1,)), StringLookup(output_mode="multi_hot"), *BINARY)
    for _ in range(3):
        (problem,) = infer(graph).errors
        graph = problem.fixes[0].edit(graph)
    assert not infer(graph).errors
    graph = chain(TEXT, Dense(units=2), Output(loss="mean_squared_error"))
    fixed = infer(graph).errors[0].fixes[0].edit(graph)
    assert fixed.of_type(TextVectorization)


def test_numbers_that_are_made_without_weights_may_be_hashed() -> None:
    graph = chain(Input(shape=(1,)), Discretization(bin_boundaries=(0.0, 1.0)))
    other = graph.new_node(Input(shape=(1,), dtype="string"), "word")
    graph = graph.add(other)
    cross = graph.new_node(HashedCrossing(num_bins=9, output_mode="one_hot"))
    graph = graph.add(cross).connect("n2", cross.id).connect(other.id, cross.id)
    end = graph.new_node(Output(loss="mean_squared_error", metrics=()))
    model = compile_graph(graph.add(end).connect(cross.id, end.id))
    x, words = np.array([[-1.0], [0.5], [0.5]], np.float32), np.array([["a"], ["a"], ["b"]])
    found = model.predict(model.init(0), {"input": x, "word": words})["output"]
    bins = np.array([[0], [1], [1]])
    np.testing.assert_array_equal(found, computed(HashedCrossing(num_bins=9, output_mode="one_hot"), bins, words))


# Files


@pytest.mark.parametrize("kind", ["StringLookup", "TextVectorization", "IntegerLookup"])
def test_a_vocabulary_file_is_never_read(kind: str) -> None:
    """CVE-2025-12058."""
    entry = next(e for e in STORED["cases"] if e["type"] == kind)
    config = {**entry["config"], "vocabulary": "/etc/passwd"}
    with pytest.raises(Exception, match="no file is read because a model names it"):
        read_layer({"class_name": kind, "config": config}, config, Place("file"))


def test_code_in_a_config_is_refused() -> None:
    entry = next(e for e in STORED["cases"] if e["type"] == "TextVectorization")
    config = {**entry["config"], "standardize": {"class_name": "function", "config": "os.system"}}
    with pytest.raises(Exception, match="code of its own for standardize"):
        read_layer({"class_name": "TextVectorization", "config": config}, config, Place("file"))


def test_a_model_with_its_vocabulary_is_saved_and_opened(tmp_path: Path) -> None:
    layer = TextVectorization(vocabulary=("good", "bad"), output_mode="count")
    graph = chain(TEXT, layer, *BINARY)
    model = compile_graph(graph)
    weights = model.to_host(model.init(0))
    save_model(tmp_path / "m.h5", graph, weights)
    loaded = load_model(tmp_path / "m.h5")
    assert layer in [node.layer for node in loaded.graph]
    texts = {"input": np.array([["good good"], ["bad"]])}
    ours, theirs = (last(predict(g, w, texts)) for g, w in ((graph, weights), (loaded.graph, loaded.weights)))
    np.testing.assert_array_equal(ours["output"], theirs["output"])
    assert to_config(graph)["config"]["layers"][0]["config"]["dtype"] == "string"


def test_a_program_of_jax_is_refused_where_there_are_texts() -> None:
    with pytest.raises(StyleError, match="text_vectorization works on text"):
        jax_code(Project(chain(TEXT, TextVectorization(vocabulary=("a",), output_mode="count"), *BINARY)))
    with pytest.raises(StyleError, match="discretization has learned nothing"):
        jax_code(Project(chain(Input(shape=(1,)), Discretization(num_bins=3, output_mode="count"), *BINARY)))


def test_texts_in_npz_files_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array(["é", "b"]), b=np.array(["é".encode(), b"b"]))
    arrays = read_npz(tmp_path / "a.npz")
    assert arrays["x"].tolist() == arrays["b"].tolist() == ["é", "b"]
    np.savez(tmp_path / "o.npz", x=np.array(["a", None], object))
    with pytest.raises(Exception, match="neither numbers nor text"):
        read_npz(tmp_path / "o.npz")


# From texts to a trained network


def last(events: Any) -> Any:
    *_, event = events
    assert isinstance(event, Result)
    return event.value


def reviews(path: Path, count: int = 240) -> None:
    """Texts of six words, one of which says whether they are friendly."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, count)
    words = np.array(["the", "film", "was", "a", "play", "seen"])
    friendly = np.array([["dull", "bad", "awful"], ["great", "good", "fine"]])
    texts = [" ".join(rng.permutation([*rng.choice(words, 5), friendly[y, rng.integers(3)]])) for y in labels]
    np.savez(path, x=np.array(texts), y=labels.astype(np.int32))


def review_project(path: Path, layer: Layer) -> Project:
    return Project(
        chain(TEXT, layer, Dense(units=8, activation="relu"), *BINARY),
        data=DataSettings(source=Npz(path=str(path))),
        training=TrainingSettings(optimizer=Adam(learning_rate=0.02), epochs=12),
    )


@pytest.mark.parametrize("mode", ["multi_hot", "tf_idf"])
def test_a_network_learns_from_texts(mode: Any, tmp_path: Path) -> None:
    reviews(tmp_path / "r.npz")
    layer = TextVectorization(output_mode=mode, max_tokens=40, pad_to_max_tokens=True)
    project = review_project(tmp_path / "r.npz", layer)
    (tmp_path / "run").mkdir()
    events = list(recorded(project, train(project), tmp_path / "run"))
    (graph,) = (event.graph for event in events if isinstance(event, Learned))
    trained = events[-1]
    assert isinstance(trained, Finished)
    assert trained.test["accuracy"] > 0.9
    (learned_layer,) = (node.layer for node in graph if isinstance(node.layer, TextVectorization))
    assert set(learned_layer.vocabulary or ()) >= {"good", "bad", "film"}
    run = read_run(tmp_path / "run")
    assert run.project.graph == graph
    texts = {"input": np.array(["A GREAT film!", "an awful play"])}
    found = last(predict(run.project.graph, run.weights, texts))["output"]
    assert found[0, 0] > 0.5 > found[1, 0]
    figures = last(evaluate_project(run.project, run.weights))
    assert figures["accuracy"] == pytest.approx(trained.test["accuracy"])
    with pytest.raises(DataError, match="train the network first"):
        last(predict(project.graph, run.weights, texts))


def test_only_the_training_samples_are_learned_from() -> None:
    graph = chain(TEXT, StringLookup(), CategoryEncoding(num_tokens=4), *BINARY)
    model = compile_graph(graph)
    after = learned(model, Samples({"input": np.array([["b"], ["a"], ["b"]])}, {}))
    assert [n.layer.vocabulary for n in after if isinstance(n.layer, StringLookup)] == [("b", "a")]
    assert learned(compile_graph(after), Samples({}, {})) is after


def test_texts_and_numbers_are_told_apart(tmp_path: Path) -> None:
    reviews(tmp_path / "r.npz", 20)
    project = review_project(tmp_path / "r.npz", Hashing(output_mode="multi_hot"))
    numbers = project.graph.set_layer("n1", Input(shape=(1,)))
    with pytest.raises(DataError, match="input takes numbers, but the data holds text"):
        list(train(Project(numbers, data=project.data)))
    np.savez(tmp_path / "n.npz", x=np.ones((20, 1)), y=np.ones(20))
    data = DataSettings(source=Npz(path=str(tmp_path / "n.npz")))
    with pytest.raises(DataError, match="input takes text, but the data holds numbers"):
        list(train(Project(project.graph, data=data)))


def test_lookups_compile() -> None:
    layer = IntegerLookup(vocabulary=(12, 36), num_oov_indices=2, output_mode="count")
    x = np.array([[12, 5, 12], [36, 4, 4]])
    jitted = jax.jit(lambda x: layer.apply({}, x, ctx=Context()))(x)
    np.testing.assert_array_equal(jitted, [[0, 1, 2, 0], [2, 0, 0, 1]])
