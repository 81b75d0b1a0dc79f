"""CLIP with a linear head, fine-tuned by the shared recipe."""

from pathlib import Path

from harness.serve import serve
from submissions.shared.predictor import predictor

serve(predictor(Path(__file__).parent / "weights"), name="clip", batch=32, embeddings=True)
