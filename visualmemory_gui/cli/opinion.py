"""The command opinion: has a vision-language model look at a decision, at an endpoint of the user's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import any_reader
from visualmemory_gui.cli.output import Progress, emit, print_line, say

if TYPE_CHECKING:
    from visualmemory_gui.engine.second_opinion.estimate import OpinionEstimate
    from visualmemory_gui.engine.second_opinion.opinion import Opinion
    from visualmemory_gui.engine.second_opinion.question import Question

PriceIn = Annotated[
    float | None, typer.Option("--price-in", min=0, metavar="X", help="Your price for a million tokens of question.")
]
PriceOut = Annotated[
    float | None, typer.Option("--price-out", min=0, metavar="X", help="Your price for a million tokens of answer.")
]


def opinion(
    memory: options.AnyMemory,
    image: options.Image,
    url: Annotated[
        str,
        typer.Option("--endpoint", metavar="URL", help="The base of an API like OpenAI's: https://api.example.org/v1."),
    ],
    model: Annotated[str, typer.Option("--model", help="The model's name there. It must take images.")],
    neighbours: Annotated[
        int, typer.Option("-n", metavar="N", min=1, help="How many neighbours it is shown at most, up to 50.")
    ] = 10,
    price_in: PriceIn = None,
    price_out: PriceOut = None,
    box: options.PartBox = None,
    k: options.K = None,
    rule: options.Rule = None,
    level: options.Level = 0,
    device: options.OnDevice = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """Ask a model for a second opinion on a decision.

    A vision-language model is shown the image and the neighbours that vote, with their labels, and answers with one of
    these or none. The vote stays as it is, and nothing is stored. The key is in VISUALMEMORY_ENDPOINT_KEY or in the
    system's keyring.
    """
    from visualmemory_gui.engine.second_opinion.endpoint import Endpoint, key_of
    from visualmemory_gui.engine.second_opinion.estimate import estimate
    from visualmemory_gui.engine.second_opinion.opinion import ask, sent_in_words

    endpoint = Endpoint(url, model, price_in, price_out)
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("images would be sent; without a terminal to ask on, --yes is needed")
    question = _question(memory, image, neighbours, box=box, k=k, rule=rule, level=level, device=device)
    what = sent_in_words(question, endpoint)
    expected = estimate(question, endpoint)
    say(f"expected: {expected.in_words}")
    if yes:
        say(f"sending {what}")
    else:
        typer.confirm(f"Send {what}?", abort=True, err=True)
    with Progress(f"waiting for {endpoint.host}") as report:
        found = ask(question, endpoint, key=key_of(endpoint), report=report)
    if as_json:
        emit(opinion_json(image, question, found, expected))
    else:
        _tell_opinion(image, question, found)


def _question(
    memory: str,
    image: str,
    most: int,
    *,
    box: str | None,
    k: int | None,
    rule: str | None,
    level: int,
    device: str | None,
) -> Question:
    from visualmemory_gui.engine.second_opinion.question import question_of

    part = options.part_of_one(box, [image])
    with any_reader(memory, device=device) as m:
        decision = m.decide(image, k, options.rule_name(rule), level=level, box=part)
        shown = decision.thumbnails.query if decision.thumbnails is not None else None
        return question_of(m, decision, shown, most=most)


def opinion_json(image: str, question: Question, found: Opinion, expected: OpinionEstimate) -> dict[str, object]:
    """``label`` is what the vote says, ``opinion`` what the model says, null for none of ``labels``. ``expected`` is
    what was estimated before it was asked."""
    return {
        "image": image,
        "label": question.winner,
        "opinion": found.label,
        "agrees": found.agrees(question.winner),
        "reason": found.reason,
        "labels": list(found.labels),
        "neighbours": [one.exemplar for one in question.neighbours],
        "model": found.model,
        "host": found.host,
        "sent": {"images": found.images, "bytes": found.sent},
        "tokens": {"in": found.tokens_in, "out": found.tokens_out},
        "cost": found.cost,
        "seconds": found.seconds,
        "expected": {
            "tokens": {"in": expected.tokens_in, "out": expected.tokens_out},
            "cost": expected.cost,
            "seconds": expected.seconds,
        },
    }


def _tell_opinion(image: str, question: Question, found: Opinion) -> None:
    print_line(f"{image}: the vote says {question.winner}")
    print_line(f"second opinion: {found.in_words(question.winner)}")
    if found.reason:
        print_line(f"it says: {found.reason}")
    print_line(found.price_in_words)
