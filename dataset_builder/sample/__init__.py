"""The calibrated sample: drawn articles with known best accuracies."""
