"""How a valid file goes wrong: in its bytes, in its tokens, and, where it is JSON, in its values.

Each function is a hypothesis strategy: valid bytes in, damaged bytes out. Small pieces, so that what is found shrinks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

DEEP = 100_000  # levels of nesting that no parser's stack holds
NEARLY_DEEP = 900  # and that one just holds, but the next function that goes through them does not
LONG = 200_000  # characters on one line

# Text that some parser stumbles over: it comes in the place of a word, a number or a mark.
PIECES = (
    *("", " ", "\n", "\r", "\r\n", "\t", "\x00", "\x1b", "\ufeff", "\u2028", "\u0085", "\u202e", "é", "😀", "﷐"),
    *("{", "}", "[", "]", '"', "'", ",", ":", "=", "#", "\\", '"""', "[[", "]]", "{}", "[]", '""', "null", "true"),
    *("NaN", "nan", "-Infinity", "inf", "1e999", "-1e999", "1e-999", "-0.0", "0x1F", "1_000", "-1", "2", "0.5", "1.0"),
    *(
        "9" * 30,
        "9" * 400,
        "1" + "0" * 5000,
        "1e400",
        r'"\ud800"',
        r'"\udfff\ud800"',
        r'"\u0000"',
        '"\\x"',
        "=HYPERLINK()",
    ),
    *(
        "../../etc/passwd",
        "/",
        "..",
        "a" * 300,
        "x" * LONG,
        "[" * DEEP,
        '{"a":' * DEEP,
        "[" * NEARLY_DEEP + "]" * NEARLY_DEEP,
    ),
    *('{"a":1,"a":2}', "1979-05-27T07:32:00Z", "2026-11-23", "http://[::1", "%00", "images/%2e%2e", "١٢", "²", "1 2"),
)

# Values in the place of another in JSON that is otherwise well formed.
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 1.0, 0.5, -0.0, 1e308, float("nan"), float("inf"), 2**31, 2**63, 2**64, 10**400),
    *("", " ", "0", "1", "x" * 5000, "\ud800", "\x00", "\n", "a\nb", "\u2028", "..", "../x", "/", "é" * 300, "true"),
    *([], [[]], [None], [1, 2, 3], ["a", "b"], {}, {"": ""}, {"a": None}, {"\ud800": 1}, {"a": {"b": [{}]}}),
)
TOKENS = re.compile(r'"(?:[^"\\\n]|\\.)*"|[\w.+-]+|[^\w\s]|\s+')
BYTES = (
    b"\x00",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc3",
    b"\x80",
    b"\r",
    b"\x1a",
    b"\xf4\x90\x80\x80",
)


@st.composite
def in_bytes(draw: st.DrawFn, valid: bytes) -> bytes:
    """One to three times: bytes flipped, cut out, doubled, swapped for others, or the end cut off."""
    content = valid
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 200)))
        piece = draw(
            st.one_of(
                st.just(b""),
                st.sampled_from(BYTES),
                st.sampled_from(PIECES).map(lambda text: text.encode()),
                st.binary(max_size=8),
                st.just(content[start:end] * 2),
                st.just(bytes(value ^ 1 for value in content[start:end])),
            )
        )
        content = content[:start] + piece + (b"" if draw(st.integers(0, 9)) == 0 else content[end:])
    return content


@st.composite
def in_tokens(draw: st.DrawFn, valid: bytes) -> bytes:
    """One or two words, numbers or marks of a text, each swapped for another piece or for one of its own."""
    tokens = TOKENS.findall(valid.decode("utf-8"))
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(tokens) - 1))
        tokens[place] = draw(st.one_of(st.sampled_from(PIECES), st.sampled_from(tokens)))
    return "".join(tokens).encode("utf-8", "surrogatepass")


@st.composite
def in_values(draw: st.DrawFn, valid: bytes) -> bytes:
    """Of a file of JSON, or of lines of it: one or two values swapped, left out, added, doubled or buried deeply."""
    text = valid.decode("utf-8")
    by_line = text.count("\n") > 1 and not text.startswith("{\n")
    records = [json.loads(line) for line in (text.splitlines() if by_line else [text])]
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(records))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        draw(st.sampled_from(CHANGES))(holder, key, deepcopy(draw(st.sampled_from(VALUES))))
    ascii_only = draw(st.booleans())
    lines = [json.dumps(record, ensure_ascii=ascii_only) for record in records]
    return "\n".join(lines).encode("utf-8", "surrogatepass") + b"\n"


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (list or object, index or key) of a JSON value, outermost first."""
    entries = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for key, _ in entries:
        yield value, key
    for _, inner in entries:
        yield from _places(inner)


def _swap(holder: Any, key: Any, value: Any) -> None:
    holder[key] = value


def _drop(holder: Any, key: Any, value: Any) -> None:
    del holder[key]


def _add(holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, dict):
        holder["added"] = value
    else:
        holder.insert(key, value)


def _double(holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, dict):
        holder[f"{key} again"] = holder[key]
    else:
        holder.append(holder[key])


def _bury(holder: Any, key: Any, value: Any) -> None:
    inner = holder[key]
    for _ in range(200):
        inner = [inner]
    holder[key] = inner


CHANGES: tuple[Callable[[Any, Any, Any], None], ...] = (_swap, _swap, _swap, _drop, _add, _double, _bury)
