"""What a second opinion will cost and how long it will take, before it is asked for."""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.engine.files import atomic_file, installation
from visualmemory_gui.engine.second_opinion.question import MOST_TOKENS, Question

if TYPE_CHECKING:
    from visualmemory_gui.engine.second_opinion.endpoint import Endpoint
    from visualmemory_gui.engine.second_opinion.opinion import Opinion

IMAGE_TOKENS = 255
"""Tokens of an image of at most 512 pixels a side by the rule of OpenAI's tiles: 85, and 170 for each tile of 512
pixels (https://platform.openai.com/docs/guides/images-vision). Other models count fewer or more."""
_LETTERS = 4  # in a token, about
_FILE = "last_opinion.json"
_LARGEST = 4096


@dataclass(frozen=True, slots=True)
class LastOpinion:
    """What the last answer took: seconds, and tokens as its endpoint counted them. Nothing of what was asked."""

    host: str
    model: str
    images: int
    seconds: float
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class OpinionEstimate:
    """Tokens of a question and its answer, and their ``cost`` by the user's own prices, None where one is missing.

    ``seconds`` is how long the last opinion took, from which the tokens are taken too; None where there was none: then
    they are counted by rule, and those of the answer, and the cost, are the most that it can be.
    """

    tokens_in: int
    tokens_out: int
    cost: float | None
    seconds: float | None

    @property
    def in_words(self) -> str:
        """ "about 1,204 + 31 tokens, 0.0021 by your prices; the last one took 2.3 s"."""
        price = "" if self.cost is None else f"{self.cost:.4f} by your prices"
        if self.seconds is None:
            most = f", {price} at most" if price else ""
            return f"about {self.tokens_in:,} tokens, and {self.tokens_out:,} at most for the answer{most}"
        tokens = f"about {self.tokens_in:,} + {self.tokens_out:,} tokens{', ' if price else ''}{price}"
        return f"{tokens}; the last one took {self.seconds:.1f} s"


def estimate(question: Question, endpoint: Endpoint) -> OpinionEstimate:
    """From the last opinion of this endpoint and model, with as many tokens for an image, else by rule."""
    last = _last()
    if last is not None and (last.host, last.model) == (endpoint.host, endpoint.model):
        tokens_in, tokens_out = round(last.tokens_in * question.images / last.images), last.tokens_out
        return OpinionEstimate(tokens_in, tokens_out, endpoint.cost(tokens_in, tokens_out), last.seconds)
    jpegs = (question.query, *(one.jpeg for one in question.neighbours))
    letters = len(question.body(endpoint.model)) - sum(4 * math.ceil(len(jpeg) / 3) for jpeg in jpegs)
    tokens_in = round(IMAGE_TOKENS * question.images + letters // _LETTERS, -2)  # it is no more exact
    return OpinionEstimate(tokens_in, MOST_TOKENS, endpoint.cost(tokens_in, MOST_TOKENS), None)


def remember(opinion: Opinion) -> None:
    """Keep what an opinion took, where its endpoint counted tokens; without room on the disk it is not kept."""
    if opinion.tokens_in is None or opinion.tokens_out is None:
        return
    took = LastOpinion(
        opinion.host, opinion.model, opinion.images, opinion.seconds, opinion.tokens_in, opinion.tokens_out
    )
    with contextlib.suppress(OSError):
        _place().parent.mkdir(parents=True, exist_ok=True)
        with atomic_file.write(_place()) as file:
            file.write(json.dumps(asdict(took)).encode())


def _last() -> LastOpinion | None:
    """What the last opinion took; None where none was asked for, or the file is not one of ours."""
    try:
        with atomic_file.open_own(_place()) as file:
            found = LastOpinion(**json.loads(file.read(_LARGEST)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    counts = (found.images, found.tokens_in, found.tokens_out)
    good = all(type(one) is int and one >= 0 for one in counts) and found.images
    return found if good and type(found.seconds) is float and math.isfinite(found.seconds) else None


def _place() -> Path:
    return installation.data_folder() / _FILE
