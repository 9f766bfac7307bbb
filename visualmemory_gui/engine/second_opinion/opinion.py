"""A second opinion on a decision: asked, checked, and compared with the vote, which it never changes.

Geirhos et al., "Towards flexible perception with visual memory" (ICML 2025), have a vision-language model look at the
neighbours again and reach 88.5 % on ImageNet; there its answer replaces the vote, here it is shown beside it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.second_opinion import answer, estimate
from visualmemory_gui.engine.second_opinion.endpoint import Endpoint, Key
from visualmemory_gui.engine.second_opinion.question import Question
from visualmemory_gui.engine.second_opinion.transport import LIMITS, AnswerLimits, post
from visualmemory_gui.engine.text.visible_text import how_many


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a model said: one of the ``labels`` shown, or None for none of them, and why in its own words.

    ``images`` and ``sent`` bytes went to ``host``; ``cost`` is by the user's own prices, None where one is missing.
    """

    label: str | None
    reason: str
    labels: tuple[str, ...]
    host: str
    model: str
    images: int
    sent: int
    seconds: float
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None

    def agrees(self, winner: str | None) -> bool:
        """Whether it is what the vote says."""
        return self.label is not None and self.label == winner

    def in_words(self, winner: str | None) -> str:
        """ "lynx, as the vote", "cat, where the vote is lynx", "none of the 3 labels shown"."""
        if self.label is None:
            return (
                "not the one label shown" if len(self.labels) == 1 else f"none of the {len(self.labels)} labels shown"
            )
        return f"{self.label}, as the vote" if self.agrees(winner) else f"{self.label}, where the vote is {winner}"

    @property
    def price_in_words(self) -> str:
        """ "2.3 s, 1,204 + 31 tokens, 0.0021 by your prices"."""
        words = [f"{self.seconds:.1f} s"]
        if self.tokens_in is not None and self.tokens_out is not None:
            words.append(f"{self.tokens_in:,} + {self.tokens_out:,} tokens")
        if self.cost is not None:
            words.append(f"{self.cost:.4f} by your prices")
        return ", ".join(words)


def ask(
    question: Question,
    endpoint: Endpoint,
    *,
    key: Key | None = None,
    limits: AnswerLimits = LIMITS,
    report: Report = silent,
) -> Opinion:
    """Send the question and return what the model says. Nothing is stored but how long it took and its tokens.

    Raises EndpointError where there is no answer or one that is not among the labels shown, and what ``report`` raises.
    """
    began = time.monotonic()
    body = question.body(endpoint.model)
    said = answer.read(post(endpoint, body, key=key, limits=limits, report=report), question.labels)
    found = Opinion(
        said.label,
        said.reason,
        labels=question.labels,
        host=endpoint.host,
        model=endpoint.model,
        images=question.images,
        sent=len(body),
        seconds=time.monotonic() - began,
        tokens_in=said.tokens_in,
        tokens_out=said.tokens_out,
        cost=endpoint.cost(said.tokens_in, said.tokens_out),
    )
    estimate.remember(found)
    return found


def sent_in_words(question: Question, endpoint: Endpoint) -> str:
    """What would be sent, in a sentence."""
    size = len(question.body(endpoint.model))
    return (
        f"{how_many(question.images, 'image')} (the query and {how_many(len(question.neighbours), 'neighbour')}, at "
        f"most 256 pixels a side), {size / 1000:,.0f} KB with {how_many(len(question.labels), 'label')}, "
        f"to {endpoint.model} at {endpoint.host}"
    )
