"""The fine-tuning recipe that the baselines share (the paper's section 4.3). Read `model.py` first.

What runs in a container: `predictor.py` and what it imports, which is torch, transformers, Pillow and, of ours,
`harness.serve` alone. What trains, on the trusted side: `training.py` and `finetuning.py`.
"""
