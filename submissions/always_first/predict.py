"""A control that always answers "in order". A set with balanced labels gives it an accuracy of 0.5."""

from harness.serve import serve

serve(lambda _: lambda pairs: [1.0 for _ in pairs], name="always_first")
