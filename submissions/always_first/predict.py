"""Always says that the step shown first comes first: what a set must not reward."""

from harness.serve import serve

serve(lambda _: lambda pairs: [1.0 for _ in pairs], name="always_first")
