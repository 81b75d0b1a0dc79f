"""Models behind an endpoint: the harness itself asks an OpenAI-compatible server. Read `sandbox.py` first."""
