"""Settings of one served model: endpoint, destination of its questions, prompt, key, and limits on the requests."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import socket
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from harness.contract import decoding
from harness.contract.decoding import Record
from harness.contract.frozen_set import FrozenSet
from harness.contract.result import DecodingSettings, Destination, PictureBound
from harness.contract.submission import EndpointSource, Submission, SubmissionManifest
from harness.errors import InputError
from harness.records import Modality
from harness.serve_prompt import Prompt

POLICY = "endpoints"  # in the details of a set's manifest: host names that may see the questions of a hidden set
TOP_LOGPROBS = 20  # the most that vendors return
SAMPLING_TEMPERATURE = 1.0  # of several samples, unless stated; a single answer is the most probable one
LONGEST_NAME = 40


class PromptFile(Record, frozen=True, kw_only=True):
    """A prompt in TOML: the fields of `Prompt`; those left out keep their default."""

    version: str
    system: str | msgspec.UnsetType = msgspec.UNSET
    title: str | msgspec.UnsetType = msgspec.UNSET
    step: str | msgspec.UnsetType = msgspec.UNSET
    step_without_headline: str | msgspec.UnsetType = msgspec.UNSET
    question: str | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True)
class RequestLimits:
    """Limits on the requests of one run, and prices.

    Attributes:
        concurrency: the most requests in flight; fewer are sent where the server refuses them.
        request_s: seconds for one request.
        most_requests: of one run of the command; None for no limit.
        most_cost: of the whole evaluation, in the currency of the prices; None for no limit.
        prompt_price, completion_price: per million tokens; None if not given.
    """

    concurrency: int = 32
    request_s: float = 120.0
    most_requests: int | None = None
    most_cost: float | None = None
    prompt_price: float | None = None
    completion_price: float | None = None

    def __post_init__(self) -> None:
        if self.most_cost is not None and self.prompt_price is None:
            raise InputError("--max-cost: no price to compute a cost from; give --input-price and --output-price")

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Return the cost of so many tokens; None without prices."""
        if self.prompt_price is None:
            return None
        return (prompt_tokens * self.prompt_price + completion_tokens * (self.completion_price or 0.0)) / 1e6


@dataclass(frozen=True, repr=False)
class EndpointSettings:
    """Everything that an evaluation of a served model needs. The key is never shown.

    Attributes:
        url: ends before `/chat/completions`, and has no user name or password.
        source: model and decoding, as the manifest or the command line states them.
        key: the secret that is sent as bearer token; "" for none.
    """

    url: str
    source: EndpointSource
    prompt: Prompt
    limits: RequestLimits
    key: str = ""

    def __repr__(self) -> str:
        return f"EndpointSettings({self.url!r}, {self.source.model!r})"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def temperature(self) -> float | None:
        """The temperature that is sent; None where the server decides."""
        stated = self.source.temperature
        if stated is None:
            return SAMPLING_TEMPERATURE if self.source.samples > 1 else 0.0
        return None if stated == "default" else float(stated)

    @property
    def max_tokens(self) -> int | None:
        """The limit that is sent as `max_tokens`; None where a parameter states it under another name."""
        return None if "max_completion_tokens" in self.source.parameters else self.source.max_tokens

    @property
    def pictures(self) -> PictureBound:
        return PictureBound(side=self.source.side, bytes=self.source.picture_bytes)

    def decoding(self, logprobs: bool) -> DecodingSettings:
        """Return how the model is asked to answer. logprobs: the server returns log-probabilities."""
        return DecodingSettings(
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            samples=self.source.samples,
            top_logprobs=TOP_LOGPROBS if logprobs else 0,
            parameters=self.source.parameters,
        )

    def submission(self, base: Submission) -> Submission:
        """Return the submission whose digest covers its folder and all settings that answers depend on."""
        stated = decoding.json_line({"url": self.url, "source": self.source, "prompt": self.prompt.digest})
        digest = hashlib.sha256(f"{base.digest}\n{stated}".encode()).hexdigest()
        return Submission(base.folder, digest, base.manifest)


def normalise_url(url: str) -> str:
    """Return a base URL such as `http://127.0.0.1:8000/v1`; a URL without a path gets `/v1`.

    Raises:
        InputError: this is no HTTP URL, or it holds a user name, a password or a query, which could be secret.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InputError("--endpoint: not a URL; wanted one such as http://127.0.0.1:8000/v1") from None
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InputError("--endpoint: holds a user name, a password or a query; give the key by --api-key-variable")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"--endpoint: found {url[:80]!r}, wanted a URL such as http://127.0.0.1:8000/v1")
    path = parts.path.rstrip("/").removesuffix("/chat/completions") or "/v1"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{path}"


def allowed_hosts(frozen: FrozenSet) -> list[str]:
    """Return the host names that the set's policy lets see its questions.

    Raises:
        InputError: the policy is no list of names.
    """
    return decoding.convert(list[str], frozen.manifest.details.get(POLICY, []), f"{frozen.root}/manifest.json")


def destination(host: str, allowed: Sequence[str] = ()) -> Destination:
    """Return where questions to a host go.

    "loopback": every address of the host is this machine. "named host": the set's policy names it, or every address is
    private. "third party": any other host. A loopback server that forwards questions cannot be told apart.
    """
    addresses = _addresses(host)
    if addresses and all(address.is_loopback for address in addresses):
        return "loopback"
    if host in allowed or (addresses and all(address.is_private for address in addresses)):
        return "named host"
    return "third party"


def require_disclosure(frozen: FrozenSet, host: str, disclose: bool) -> Destination:
    """Return where questions go, if the set allows it.

    Raises:
        InputError: the set is hidden, the host is neither loopback nor on its allow-list, and `disclose` is not given.
    """
    allowed = allowed_hosts(frozen)
    found = destination(host, allowed)
    if frozen.manifest.visibility == "hidden" and found != "loopback" and host not in allowed and not disclose:
        raise InputError(
            f"{frozen.title} is hidden, and whoever serves {host} would see its questions ({found}). Serve the model "
            f"on this machine, name the host under `{POLICY}` in the set's manifest, or accept it by --disclose"
        )
    return found


def read_api_key(variable: str | None, file: Path | None) -> str:
    """Return the key from an environment variable or a file; "" if neither is named.

    Raises:
        InputError: both are named, or the one named holds no key. The message never holds the content.
    """
    if variable and file:
        raise InputError("give either --api-key-variable or --api-key-file, not both")
    if variable:
        key, where = os.environ.get(variable, ""), f"the environment variable {variable}"
    elif file:
        try:
            key, where = file.read_text(encoding="utf-8"), str(file)
        except (OSError, ValueError):
            raise InputError(f"{file}: no text file that can be read; wanted the API key in one line") from None
    else:
        return ""
    if not re.fullmatch(r"[\x21-\x7e]{1,4096}", key.strip()):
        raise InputError(f"{where}: empty, or not one line of printable ASCII; wanted the API key")
    return key.strip()


def read_prompt(path: Path) -> Prompt:
    """Read a prompt from a TOML file.

    Raises:
        InputError: the file cannot be read, has unknown fields, or lacks `version` or a place for title or headline.
    """
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; wanted a prompt in TOML, as docs/served-models.md shows") from None
    except ValueError as error:
        raise InputError(f"{path}: not valid TOML ({error})") from None
    read = decoding.convert(PromptFile, stated, str(path))
    values = {name: value for name in read.__struct_fields__ if (value := getattr(read, name)) is not msgspec.UNSET}
    prompt = Prompt(**values)
    wanted = {"title": ("{title}",), "step": ("{letter}", "{headline}"), "step_without_headline": ("{letter}",)}
    for field in fields(prompt):
        for place in wanted.get(field.name, ()):
            if place not in getattr(prompt, field.name):
                raise InputError(f"{path}: {field.name}: lacks {place}, so the model would not see it")
    if prompt != Prompt() and prompt.version == Prompt().version:
        raise InputError(f"{path}: version: {prompt.version!r} is the built-in prompt's; give yours another name")
    return prompt


def unfiled_submission(source: EndpointSource) -> Submission:
    """Return a submission without a folder, for a model that is named on the command line alone."""
    name = re.sub(r"[^a-z0-9]+", "-", source.model.lower()).strip("-")[-LONGEST_NAME:].strip("-") or "model"
    manifest = SubmissionManifest(
        name=name,
        title=source.model[-80:],
        authors=("not stated",),
        licence="not stated",
        modalities=tuple(Modality),
        endpoint=source,
    )
    return Submission(Path(), hashlib.sha256(decoding.json_line(manifest).encode()).hexdigest(), manifest)


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return all addresses of a host; none if the name does not resolve."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)}
    except OSError:
        return []
    return [ipaddress.ip_address(str(address).partition("%")[0]) for address in found]
