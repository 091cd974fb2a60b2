"""Networks: what a graph is, computes, learns, reads and writes. Knows no window."""
