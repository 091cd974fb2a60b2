"""What Keras 3 keeps of the layers that look terms up: the vocabulary as a file, the weights of tf_idf by name.

A vocabulary that was learned is in `assets/layers/<class>[_n]/vocabulary.txt`, a line for each place; one that was
given is in the config, where it is also written here. `vars/idf_weights` has a number for each column.
TextVectorization keeps both a second time for the lookup within.

Of a layer that has learned nothing yet, Keras writes the tokens of the special places, and then cannot open the
file itself. Without assets, as it is written here, it opens the file, and the layer can learn there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from engine.formats import hdf5
from engine.formats.keras_paths import class_groups, kinds_of, layer_groups
from engine.formats.reading import Place
from engine.graph import Node
from engine.layers.nested import Functional
from engine.layers.text import IntegerLookup, StringLookup, TextVectorization, VocabularyLayer

_CLASSES = {str(cls.keras_class): cls for cls in (StringLookup, IntegerLookup, TextVectorization)}
_WEIGHED = ("tf_idf", "tf-idf")
_IDF_WEIGHTS = "vars/idf_weights"
_MOST_TERMS = 10_000_000


@dataclass(frozen=True)
class Learned:
    """A layer of a config that learned its vocabulary: its group, its class and its settings, to be filled in."""

    group: str
    cls: type[VocabularyLayer]
    settings: dict[str, Any]

    def take_vocabulary(self, read: Callable[[str], bytes | None], place: Place) -> None:
        """Fill in the terms, with a 1 for each weight of tf_idf; `read` gives a member of the archive, or None."""
        name = f"assets/{self.group}/vocabulary.txt"
        content = read(name)
        if content is None:
            return
        try:
            lines = content.decode("utf-8").replace("\r\n", "\n").rstrip("\n").split("\n") if content else []
            terms = [int(line) for line in lines] if self.cls is IntegerLookup else lines
        except UnicodeDecodeError:
            raise place.at(name).error("is not UTF-8.") from None
        except ValueError:
            raise place.at(name).error("must have a whole number on each line.") from None
        if all(term in self._tokens for term in terms):
            return  # the layer has learned nothing yet
        self.settings["vocabulary"] = terms
        if self.settings.get("output_mode") in _WEIGHED:
            self.settings["idf_weights"] = [1.0] * len(terms)

    @property
    def _tokens(self) -> tuple[Any, ...]:
        """What stands for no term and for terms outside of the vocabulary."""
        if self.cls is TextVectorization:
            return "", "[UNK]"
        return self.settings.get("mask_token"), self.settings.get("oov_token")

    def take_weights(self, file: hdf5.Group, place: Place) -> bool:
        """Fill in the weights of the terms that `take_vocabulary` gave; whether there are any."""
        terms, columns = self.settings.get("vocabulary"), self.settings.get("max_tokens")
        if not terms or self.settings.get("output_mode") not in _WEIGHED:
            return False
        padded = self.settings.get("pad_to_max_tokens") and isinstance(columns, int)
        length = int(columns) if padded and columns is not None else len(terms)
        if length > _MOST_TERMS:
            raise place.at(self.group).error("has more terms than this program can do with.")
        wanted = (f"{self.group}/{_IDF_WEIGHTS}", (length,), place.at(self.group))
        (found,) = hdf5.arrays(file, [wanted])
        self.settings["idf_weights"] = found[: len(terms)].tolist()
        return True


def learned(config: Any, within: str = "") -> Iterator[Learned]:
    """The layers of a model's config that have their vocabulary elsewhere, those of models within included."""
    groups = class_groups(kinds_of(config))
    layers: Any = config.get("layers") if isinstance(config, dict) else None
    for entry in layers if isinstance(layers, list) else []:
        settings: Any = entry.get("config") if isinstance(entry, dict) else None
        if not isinstance(settings, dict):
            continue
        group = f"{within}{groups[str(settings.get('name', entry.get('name')))]}"
        cls = _CLASSES.get(str(entry.get("class_name")))
        if "layers" in settings:
            yield from learned(settings, f"{group}/")
        elif cls is not None and settings.get("vocabulary") is None:
            yield Learned(group, cls, settings)


def write_idf_weights(file: h5py.File, owners: Iterable[Node], within: str = "") -> None:
    """Write the weights of tf_idf beside the other weights, which are written already."""
    owners = tuple(owners)
    groups = layer_groups(owners, {})
    for node in owners:
        group, layer = f"{within}{groups[node.name]}", node.layer
        if isinstance(layer, Functional):
            write_idf_weights(file, layer.owners, f"{group}/")
        elif isinstance(layer, VocabularyLayer) and layer.known.weights is not None:
            values = np.asarray(layer.known.weights, np.float32)
            for part in ("", "_lookup_layer/")[: 1 + isinstance(layer, TextVectorization)]:
                file.create_dataset(f"{group}/{part}{_IDF_WEIGHTS}", data=values)
