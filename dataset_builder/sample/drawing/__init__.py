"""Draws the calibrated sample: a canvas, a PNG encoder and ten scenes, all of which give the same bytes everywhere."""
