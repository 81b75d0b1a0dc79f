"""A Dockerfile is refused if the engine would fetch, mount or copy anything that is not the submission's own."""

from __future__ import annotations

import pytest

from harness.errors import SubmissionError
from harness.sandbox.container.dockerfile import check_dockerfile

DIGEST = "python@sha256:" + "0" * 64
BASE = "FROM wikiorder-base\n"

ACCEPTED = {
    "the template": "ARG BASE_IMAGE=wikiorder-runtime\nFROM ${BASE_IMAGE}\nCOPY . /submission\nWORKDIR /submission\n",
    "a short variable": "ARG B=wikiorder-base:latest\nFROM $B\n",
    "a digest": f"FROM {DIGEST}\nRUN true\n",
    "stages": f"{BASE[:-1]} AS build\nRUN make\nFROM wikiorder-runtime\nCOPY --from=build /a /b\nCOPY --from=0 /a /c\n",
    "a stage on a stage": f"{BASE[:-1]} as one\nFROM one\n",
    "continuations": BASE + "RUN pip install \\\n    # a comment\n    --no-index x  \\  \n    && true\n",
    "lower case and comments": "# a comment\n\nfrom wikiorder-base\n  run true\n",
    "owners": BASE + "COPY --chown=1:1 --chmod=755 a b\nADD --chown=1:1 a.tar /b\n",
    "JSON": BASE + 'ENTRYPOINT ["python3", "predict.py"]\nSHELL ["/bin/sh", "-c"]\nCOPY ["a b", "/c/"]\n',
    "windows lines": "FROM wikiorder-base\r\nRUN true\r\n",
    "a flag of the command": BASE + "RUN pip --version\n",
}
REFUSED = {
    "another submission": ("FROM wikiorder-submission-coin:7e7d1570864e\n", 1, "wanted wikiorder-base or"),
    "another submission by id": ("FROM ef284c979a53\n", 1, "an image by digest"),
    "another tag of a base": ("FROM wikiorder-base:evil\n", 1, "FROM 'wikiorder-base:evil'"),
    "a look-alike": ("FROM evil.example/wikiorder-base\n", 1, "wanted wikiorder-base or"),
    "a registry": ("FROM python:3.11\n", 1, "FROM 'python:3.11'"),
    "an argument's image": ("ARG B=wikiorder-submission-coin\nFROM ${B}\n", 2, "wikiorder-submission-coin"),
    "an argument with a fallback": ("FROM ${B:-wikiorder-submission-coin}\n", 1, "wanted wikiorder-base or"),
    "an argument that is joined": ("ARG B=submission-coin\nFROM wikiorder-$B\n", 2, "wanted"),
    "an argument of a stage": (BASE + "ARG B=wikiorder-submission-x\nFROM $B\n", 3, "FROM ''"),
    "a quoted argument": ('ARG B="wikiorder-base"\nFROM $B\n', 1, "without quotes"),
    "a platform": ("FROM --platform=linux/s390x wikiorder-base\n", 1, "FROM --platform=linux/s390x is not allowed"),
    "a copy from an image": (BASE + "COPY --from=wikiorder-submission-coin / /x\n", 2, "an earlier stage of this file"),
    "a copy from itself": (f"{BASE[:-1]} AS me\nCOPY --from=me / /x\n", 2, "an earlier stage"),
    "a copy from a later stage": (BASE + "COPY --from=1 / /x\nFROM wikiorder-base\n", 2, "an earlier stage"),
    "a copy from a variable": (BASE + "ARG X=y\nCOPY --from=$X / /x\n", 3, "COPY --from=$X is not allowed"),
    "a copy from quotes": (BASE + 'COPY --from="y" / /x\n', 2, "is not allowed"),
    "an escaped flag": (BASE + "COPY --fr\\om=y / /x\n", 2, "is not allowed"),
    "a second flag": (BASE + "COPY --link --from=y / /x\n", 2, "COPY --from=y"),
    "a flag on the next line": (BASE + "COPY \\\n  --from=y / /x\n", 2, "COPY --from=y"),
    "a word cut in two": (BASE + "CO\\\nPY --from=y / /x\n", 2, "COPY --from=y"),
    "a flag on the line after a flag": (BASE + "COPY --chown=1\\\n --from=y / /x\n", 2, "COPY --from=y"),
    "a flag after a comment": (BASE + "COPY --link \\\n# x\n --from=y / /x\n", 2, "COPY --from=y"),
    "a flag behind a tab": (BASE + "COPY\t--from=y / /x\n", 2, "COPY --from=y"),
    "a URL": (BASE + "ADD http://169.254.169.254/latest /x\n", 2, "ADD of 'http://169.254.169.254/latest'"),
    "a URL in JSON": (BASE + 'ADD ["http://a/b", "/x"]\n', 2, "wanted a file of the folder"),
    "a URL in a variable": (BASE + "ENV U=http://a/b\nADD $U /x\n", 3, "ADD of '$U'"),
    "a URL among files": (BASE + "ADD a https://a/b /x\n", 2, "https://a/b"),
    "a repository": (BASE + "ADD git@github.com:a/b.git /x\n", 2, "git@github.com"),
    "a repository without a scheme": (BASE + "ADD github.com/a/b /x\n", 2, "github.com/a/b"),
    "a kept git folder": (BASE + "ADD --keep-git-dir=true a /x\n", 2, "--keep-git-dir"),
    "a mount": (BASE + "RUN --mount=type=bind,from=wikiorder-submission-coin,target=/x true\n", 2, "RUN --mount"),
    "the network": (BASE + "RUN --network=host true\n", 2, "RUN --network=host is not allowed"),
    "privileges": (BASE + "RUN --security=insecure true\n", 2, "RUN --security=insecure"),
    "a frontend": ("# syntax=evil/frontend\n" + BASE, 1, "changes how the file is read"),
    "a frontend behind a shebang": ("#!/bin/sh\n#SYNTAX = evil\n" + BASE, 2, "changes how the file is read"),
    "another escape": ("# escape=`\n" + BASE, 1, "changes how the file is read"),
    "a here-document": (BASE + "RUN <<EOF\nADD http://a/b /x\nEOF\n", 2, "here-document"),
    "a file of a here-document": (BASE + "COPY <<a <<b /x/\na\nb\n", 2, "here-document"),
    "a trigger": (BASE + "ONBUILD ADD http://a/b /x\n", 2, "ONBUILD is not allowed"),
    "a volume": (BASE + "VOLUME /x\n", 2, "VOLUME declares a folder that is writable"),
    "an unknown instruction": (BASE + "HEALTHCHECK CMD true\n", 2, "HEALTHCHECK is not allowed"),
    "a line of JSON": ('{"syntax": "evil"}\n' + BASE, 1, "is not allowed"),
    "a comment of another kind": ("// syntax=evil\n" + BASE, 1, "// is not allowed"),
    "a byte order mark": ("\ufeff" + BASE, 1, "holds the character '\\ufeff'"),
    "a wide space": (BASE + "COPY\u00a0--from=y / /x\n", 2, "holds the character '\\xa0'"),
    "a carriage return": (BASE + "RUN true\rADD http://a/b /x\n", 2, "holds the character '\\r'"),
    "a form feed": (BASE + "COPY\f--from=y / /x\n", 2, "holds the character '\\x0c'"),
    "two backslashes": (BASE + "RUN a\\\\\nADD http://a/b /x\n", 2, "two backslashes"),
    "an empty line within": (BASE + "RUN a \\\n\nADD http://a/b /x\n", 3, "is empty within an instruction"),
    "no end": (BASE + "RUN a \\", 2, "beyond the end"),
    "nothing": ("", 1, "has no FROM"),
    "a command first": ("RUN true\n" + BASE, 1, "RUN before the first FROM"),
    "a stage with a digest's name": (f"{BASE[:-1]} AS a@b\n", 1, "no plain name"),
    "a number as a stage": (f"{BASE[:-1]} AS 1\n", 1, "no plain name"),
    "too many words": ("FROM wikiorder-base AS a b\n", 1, "FROM wants IMAGE"),
    "too long": (BASE + "RUN true\n" * 2000, 1, "over 65536 bytes or 1000 lines"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_dockerfile_that_builds_on_our_bases_is_accepted(case: str) -> None:
    assert check_dockerfile("tidy", ACCEPTED[case].encode()) == ([DIGEST] if case == "a digest" else [])


@pytest.mark.parametrize("case", REFUSED)
def test_a_dockerfile_that_reaches_further_is_refused_by_line(case: str) -> None:
    text, line, words = REFUSED[case]
    with pytest.raises(SubmissionError) as caught:
        check_dockerfile("grasping", text.encode())
    message = str(caught.value)
    assert message.startswith(f"grasping: Dockerfile line {line}: "), message
    assert words in message
    assert "\n" not in message


def test_a_dockerfile_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(SubmissionError, match="line 1: the file is not UTF-8"):
        check_dockerfile("odd", b"FROM wikiorder-base\nLABEL a=\xff\n")
