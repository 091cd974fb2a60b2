"""Data sets: where they come from, how they are split, how they meet the inputs and outputs of a graph.

Importing this package fills `engine.data.source.SOURCES`.
"""

from engine.data import builtin
from engine.data import toy
from engine.data import series
from engine.data import idx
from engine.data import cifar
from engine.data import imdb  # before arrays: of files that are called imdb.npz
from engine.data import images
from engine.data import image_list
from engine.data import sounds
from engine.data import arrays
from engine.data import npy
from engine.data import hdf5_arrays
from engine.data import table
from engine.data import texts
from engine.data import generator

__all__ = [
    "arrays",
    "builtin",
    "cifar",
    "generator",
    "hdf5_arrays",
    "idx",
    "image_list",
    "images",
    "imdb",
    "npy",
    "series",
    "sounds",
    "table",
    "texts",
    "toy",
]
