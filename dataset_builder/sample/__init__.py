"""The calibrated sample: drawn articles whose best possible accuracies are known."""
