"""Sweeps: many runs of one project, each with some settings different."""
