"""NPZ files: arrays named by the inputs and outputs of the graph."""
