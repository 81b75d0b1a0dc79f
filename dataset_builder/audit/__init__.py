"""The audit: whether anything but the content of the pairs reveals their order."""
