"""The process sandbox: predictors as confined processes of this machine, without a container engine."""
