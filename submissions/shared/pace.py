"""How a step is computed: plainly, as the paper's loop does, or fast. Batches, order and seeds are the same.

Plain is float32, one operation after the other. Fast updates all weights in one fused step; on a GPU it also multiplies
in bfloat16 (the weights, Adam's state and the loss stay in float32) and replays each step as a CUDA graph. On a CPU
neither pays. Not covered: that both come to the same bits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from shutil import which

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from submissions.shared.model import Batch, OrderModel

Step = Callable[[Batch, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Pace:
    """precision: of matrix products. fused: one update of all weights. compiled: into CUDA graphs, one a shape.

    The checkpoint records it.
    """

    precision: str = "float32"
    fused: bool = False
    compiled: bool = False

    @classmethod
    def of(cls, fast: bool, device: torch.device) -> Pace:
        """What pays on this device."""
        if not fast:
            return cls()
        if device.type == "cuda" and torch.cuda.is_bf16_supported():
            return cls("bfloat16", fused=True, compiled=_can_compile())
        return cls(fused=True)

    @property
    def width(self) -> int:
        """Texts are padded to a multiple of this many tokens: each length would be a CUDA graph of its own."""
        return 32 if self.compiled else 1

    def optimizer(self, model: OrderModel, learning_rate: float) -> torch.optim.Adam:
        return torch.optim.Adam(model.parameters(), lr=learning_rate, fused=self.fused or None)

    def step(self, model: OrderModel, *, compiled: bool = False) -> Step:
        """(batch, labels) -> the mean loss and the logits, both float32."""
        kind, precision = next(model.parameters()).device.type, getattr(torch, self.precision)

        def step(batch: Batch, labels: Tensor) -> tuple[Tensor, Tensor]:
            with torch.autocast(kind, torch.bfloat16, enabled=precision is torch.bfloat16):
                logits = model(batch).logits
            return cross_entropy(logits.float(), labels), logits.float()

        if not (self.compiled and compiled):
            return step
        torch.compiler.reset()  # forgets the last model: only so many graphs are kept, whatever they are of
        graph: Step = torch.compile(step, mode="reduce-overhead", dynamic=False)
        return graph


def _can_compile() -> bool:
    """Triton writes the kernels, and a compiler of C what starts them; an image for running models may lack both."""
    return find_spec("triton") is not None and any(map(which, (os.environ.get("CC", "cc"), "gcc", "clang")))


@contextmanager
def repeatable(wanted: bool) -> Iterator[None]:
    """Within it, if wanted, an operation that may give other bits the next time is an error."""
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.deterministic
    if wanted:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS adds up in one order only with it
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.deterministic = before[1]
