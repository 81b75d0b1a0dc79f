"""DINOv2-small and MiniLM-L6 with a linear head, fine-tuned by the shared recipe. No weights ship with it."""

from pathlib import Path

from harness.serve import serve
from submissions.shared.predictor import predictor

serve(predictor(Path(__file__).parent / "weights", embeddings=False), name="open_weights", batch=32)
