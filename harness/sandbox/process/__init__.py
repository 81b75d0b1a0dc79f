"""Predictors as confined processes of this machine, for use without a container engine."""
