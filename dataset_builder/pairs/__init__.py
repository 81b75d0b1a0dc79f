"""Pairs of steps, the rows made from them, and canaries."""
