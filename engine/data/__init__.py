"""Data sets: where they come from, how they are split, how they meet the inputs and outputs of a graph."""
