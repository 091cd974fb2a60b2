"""The endings of the files that the window opens. Nothing is imported here: the start must not wait for it."""

PROJECT = ".loom"
MODELS = (".keras", ".h5", ".hdf5", ".json")
WEIGHTS = (".weights.h5", ".h5", ".hdf5", ".keras")
