"""Execution of a training step: plain, as in the paper's loop, or fast. Batches, order and seeds are the same.

Plain is float32, one operation after the other. Fast updates all weights in one fused operation; on a GPU it also
multiplies in bfloat16 (weights, Adam's state and the loss stay in float32) and replays each step as a CUDA graph. On a
CPU, bfloat16 and graphs are slower. Not covered: equality of both to the last bit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from shutil import which
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from submissions.shared.model import EncodedBatch, OrderModel

TrainingStep = Callable[["EncodedBatch", Tensor], tuple[Tensor, Tensor]]  # (batch, labels) -> (mean loss, logits)


@dataclass(frozen=True)
class Execution:
    """How training steps are executed; each checkpoint records it.

    precision: data type of matrix products. fused: one update of all weights. compiled: one CUDA graph per shape.
    """

    precision: str = "float32"
    fused: bool = False
    compiled: bool = False

    @classmethod
    def choose(cls, fast: bool, device: torch.device) -> Execution:
        """Return the fastest execution on this device, or the plain one."""
        if not fast:
            return cls()
        if device.type == "cuda" and torch.cuda.is_bf16_supported():
            return cls("bfloat16", fused=True, compiled=_can_compile())
        return cls(fused=True)

    @property
    def padding_multiple(self) -> int:
        """Texts are padded to a multiple of this many tokens, because each length needs a CUDA graph of its own."""
        return 32 if self.compiled else 1

    def optimizer(self, model: OrderModel, learning_rate: float) -> torch.optim.Adam:
        """Return Adam over every parameter of the model."""
        return torch.optim.Adam(model.parameters(), lr=learning_rate, fused=self.fused or None)

    def step(self, model: OrderModel, *, compiled: bool = False) -> TrainingStep:
        """Return the forward pass: (batch, labels) -> the mean loss and the logits, both float32."""
        device, precision = next(model.parameters()).device.type, getattr(torch, self.precision)

        def step(batch: EncodedBatch, labels: Tensor) -> tuple[Tensor, Tensor]:
            with torch.autocast(device, torch.bfloat16, enabled=precision is torch.bfloat16):
                logits = model(batch).logits
            return cross_entropy(logits.float(), labels), logits.float()

        if not (self.compiled and compiled):
            return step
        torch.compiler.reset()  # torch keeps a limited number of graphs over all models: drop those of the last one
        graph: TrainingStep = torch.compile(step, mode="reduce-overhead", dynamic=False)
        return graph


def _can_compile() -> bool:
    """Return whether Triton and a C compiler are installed; an image that only runs models may lack both."""
    return find_spec("triton") is not None and any(map(which, (os.environ.get("CC", "cc"), "gcc", "clang")))


@contextmanager
def repeatable(wanted: bool) -> Iterator[None]:
    """Within this context, if `wanted`, an operation that may give other bits the next time is an error."""
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.deterministic
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS sums in a fixed order only with this
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.deterministic = before[1]
