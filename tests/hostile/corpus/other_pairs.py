"""Answers for a pair that it was not asked."""

from honest import loop, predictions

loop(answer=lambda request: {"predictions": [*predictions(request), {"id": "0123456789abcdef", "p_in_order": 1}]})
