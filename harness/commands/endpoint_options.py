"""The options of `wikiorder evaluate` for a served model, gathered into one record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click
import msgspec

from harness.errors import InputError

if TYPE_CHECKING:
    from harness.contract.frozen_set import FrozenSet
    from harness.contract.submission import EndpointSource, Submission
    from harness.serve_prompt import Prompt
    from harness.served.sandbox import EndpointSandbox
    from harness.served.settings import EndpointSettings

PREFIX = "endpoint_"
Words = ParamSpec("Words")
Returned = TypeVar("Returned")
LOGPROBS = {"auto": None, "yes": True, "no": False}
TRIAL_PAIRS = 4  # asked by a dry run of a served model

OPTIONS = (
    click.option("--endpoint", "endpoint_url", metavar="URL", help="Ask an OpenAI-compatible server; no program runs."),
    click.option("--model", "endpoint_model", help="The model's name at the endpoint."),
    click.option("--served-by", "endpoint_served_by", help="Who serves the model, for the result."),
    click.option("--revision", "endpoint_revision", help="The model's revision, for the result."),
    click.option("--prompt", "endpoint_prompt", type=click.Path(path_type=Path), help="A prompt of your own, in TOML."),
    click.option("--samples", "endpoint_samples", type=click.IntRange(1, 100), help="Answers per order, averaged."),
    click.option("--temperature", "endpoint_temperature", help='A number, or "default" for the server\'s own.'),
    click.option("--max-tokens", "endpoint_max_tokens", type=click.IntRange(min=1), help="Of one answer. Default: 8."),
    click.option(
        "--logprobs",
        "endpoint_logprobs",
        type=click.Choice(["auto", "yes", "no"]),
        help="Read log-probabilities, or the text. Default: as the server allows.",
    ),
    click.option(
        "--api-key-variable", "endpoint_key_variable", metavar="NAME", help="Environment variable of the key."
    ),
    click.option("--api-key-file", "endpoint_key_file", type=click.Path(path_type=Path), help="File of the key."),
    click.option("--concurrency", "endpoint_concurrency", type=click.IntRange(min=1), default=32, show_default=True),
    click.option(
        "--request-seconds",
        "endpoint_request_s",
        type=click.FloatRange(min=0, min_open=True),
        default=120.0,
        show_default=True,
        help="Time limit of one request.",
    ),
    click.option("--max-requests", "endpoint_most_requests", type=click.IntRange(min=1), help="Stop after so many."),
    click.option("--max-cost", "endpoint_most_cost", type=click.FloatRange(min=0), help="Stop before it costs more."),
    click.option("--input-price", "endpoint_prompt_price", type=click.FloatRange(min=0), help="Per million tokens."),
    click.option(
        "--output-price", "endpoint_completion_price", type=click.FloatRange(min=0), help="Per million tokens."
    ),
    click.option(
        "--disclose", "endpoint_disclose", is_flag=True, help="Let a third party see a hidden set's questions."
    ),
)


@dataclass(frozen=True)
class EndpointOptions:
    """The options as given; None where one is not."""

    url: str | None
    model: str | None
    served_by: str | None
    revision: str | None
    prompt: Path | None
    samples: int | None
    temperature: str | None
    max_tokens: int | None
    logprobs: str | None
    key_variable: str | None
    key_file: Path | None
    concurrency: int
    request_s: float
    most_requests: int | None
    most_cost: float | None
    prompt_price: float | None
    completion_price: float | None
    disclose: bool

    def subject(self, folder: Path | None) -> tuple[Submission, EndpointSettings | None]:
        """Return the submission, and the settings of its served model; None if its program is to run.

        Raises:
            InputError: the options or the manifest do not name one model and one endpoint.
        """
        from harness.contract import submission
        from harness.serve_prompt import Prompt
        from harness.served import settings

        if folder is None:
            if not self.url or not self.model:
                raise InputError("name a SUBMISSION, or a served model by --endpoint URL --model NAME")
            source = self._source(submission.EndpointSource(model=self.model, served_by=self.served_by or "not stated"))
            base, prompt = settings.unfiled_submission(source), Prompt()
        else:
            base = submission.load(folder)
            stated = base.manifest.endpoint
            if stated is None:
                if self.url or self.model:
                    raise InputError(f"{folder}: holds a program; omit SUBMISSION, or --endpoint and --model")
                return base, None
            if self.model and self.model != stated.model:
                raise InputError(f"--model: found {self.model}, but {folder} names {stated.model}; omit --model")
            source = self._source(stated)
            prompt = settings.read_prompt(folder / stated.prompt) if stated.prompt else Prompt()
        url = self.url or source.url
        if url is None:
            raise InputError(f"{folder}: names no url; give --endpoint URL")
        made = self._settings(url, source, settings.read_prompt(self.prompt) if self.prompt else prompt)
        return made.submission(base), made

    def sandbox(self, settings: EndpointSettings, frozen: FrozenSet, dry_run: bool) -> EndpointSandbox:
        """Return the sandbox that asks the server.

        Raises:
            InputError: the set is hidden, and the endpoint may not see its questions.
        """
        from harness.contract.protocol import MAX_BATCH
        from harness.served.sandbox import EndpointSandbox
        from harness.served.settings import require_disclosure

        where = require_disclosure(frozen, settings.host, self.disclose)
        return EndpointSandbox(settings, where, TRIAL_PAIRS if dry_run else MAX_BATCH)

    def _source(self, stated: EndpointSource) -> EndpointSource:
        """Return the declared model and decoding, with the options that are given in the place of the declared ones."""
        from harness.contract import decoding
        from harness.contract.submission import EndpointSource

        given: dict[str, str | int | float | bool | None] = {
            "served_by": self.served_by,
            "revision": self.revision,
            "samples": self.samples,
            "max_tokens": self.max_tokens,
            "temperature": _temperature(self.temperature),
        }
        changes = {name: value for name, value in given.items() if value is not None}
        logprobs = LOGPROBS[self.logprobs] if self.logprobs else stated.logprobs
        merged = msgspec.structs.replace(stated, **changes, logprobs=logprobs)
        return decoding.convert(EndpointSource, msgspec.to_builtins(merged), "options")

    def _settings(self, url: str, source: EndpointSource, prompt: Prompt) -> EndpointSettings:
        from harness.served.settings import EndpointSettings, RequestLimits, normalise_url, read_api_key

        limits = RequestLimits(
            self.concurrency,
            self.request_s,
            self.most_requests,
            self.most_cost,
            self.prompt_price,
            self.completion_price,
        )
        return EndpointSettings(
            normalise_url(url), source, prompt, limits, read_api_key(self.key_variable, self.key_file)
        )


def endpoint_options(command: Callable[Words, Returned]) -> Callable[..., Returned]:
    """Add the options of a served model to a command, which receives them as one argument `served`."""

    @wraps(command)
    def gathered(*args: Words.args, **given: Words.kwargs) -> Returned:
        names = [field.name for field in fields(EndpointOptions)]
        named: dict[str, Any] = {name: given.pop(PREFIX + name) for name in names}  # click has checked their types
        given["served"] = EndpointOptions(**named)
        return command(*args, **given)

    for option in reversed(OPTIONS):
        gathered = option(gathered)
    return gathered


def _temperature(text: str | None) -> float | str | None:
    if text is None or text == "default":
        return text
    try:
        return float(text)
    except ValueError:
        raise InputError(f'--temperature: found {text[:20]!r}, wanted a number from 0 to 2, or "default"') from None
