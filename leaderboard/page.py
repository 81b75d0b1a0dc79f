"""index.html: the board as one self-contained page. Pure: the document in, text out.

Jinja escapes every word by itself; the page holds no script yet and asks the network for nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from leaderboard import markdown

TEMPLATES = Path(__file__).parent / "templates"


def page(document: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": markdown.count, "rank": markdown.rank, "note": markdown.note}
    return environment.get_template("index.html.jinja").render(tables=document["tables"]) + "\n"
