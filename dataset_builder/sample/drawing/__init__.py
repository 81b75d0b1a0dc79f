"""Drawing of the calibrated sample: a canvas, a PNG encoder and ten scenes, with the same bytes on every machine."""
