"""The fine-tuning recipe that the baselines share (section 4.3 of the paper). Read `model.py` first.

A predictor's container runs `predictor.py` and the modules that it imports. They use torch, transformers, Pillow and
`harness.serve`, and nothing else of this project. Training, the grid and the commands run on the trusted side.
"""
