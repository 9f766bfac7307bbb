"""The answer of an endpoint: data from a stranger, which counts only if it is one of the labels shown, or none."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from visualmemory_gui.engine.errors import EndpointError
from visualmemory_gui.engine.text.visible_text import visible

MOST_REASON = 300
MOST_SHOWN = 60
_MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """One of the labels shown or None for none of them, a ``reason`` in a sentence, and the tokens as it counts them.

    The reason is the model's own words, on one line; the tokens are None where the endpoint counted none.
    """

    label: str | None
    reason: str
    tokens_in: int | None = None
    tokens_out: int | None = None


def read(body: bytes, labels: Collection[str]) -> ModelAnswer:
    """The answer in the ``body`` of a response, of the shape that was asked for. Raises EndpointError."""
    found = loaded(body)
    if not isinstance(found, dict):
        raise EndpointError("the endpoint's answer is not of the protocol of chat completions; check its address")
    label, reason = _choice(_content(found), labels)
    usage = found.get("usage")
    counted = usage if isinstance(usage, dict) else {}
    return ModelAnswer(label, reason, _tokens(counted.get("prompt_tokens")), _tokens(counted.get("completion_tokens")))


def loaded(body: bytes) -> object:
    """The JSON of ``body``. Raises EndpointError, which says if it is a page for a browser."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    if body.lstrip()[:1] == b"<":
        raise EndpointError("a web page came back, not an answer: a proxy or a login page may be in between")
    raise EndpointError("what came back is not JSON; check the endpoint's address")


def _content(found: dict[str, object]) -> str:
    """The text of the one choice."""
    choices = found.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise EndpointError("the endpoint's answer is not of the protocol of chat completions; check its address")
    if isinstance(refusal := message.get("refusal"), str) and refusal:
        raise EndpointError(f"the model refused to answer: {_short(refusal, MOST_REASON)}")
    if message.get("tool_calls") or message.get("function_call"):
        raise EndpointError("the model asked for tools, and it has none: nothing more was sent")
    if choice.get("finish_reason") == "length":
        raise EndpointError("the answer was cut off; a model that thinks less before it answers may fit")
    content = message.get("content")
    if not isinstance(content, str) or not content:
        raise EndpointError("the model gave no answer")
    return content


def _choice(content: str, labels: Collection[str]) -> tuple[str | None, str]:
    """The label and the reason in what the model wrote."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.keys() != {"label", "reason"} or not isinstance(found["reason"], str):
        raise EndpointError(
            f"the answer does not have the form that was asked for ({_short(content, MOST_SHOWN)}): "
            "choose a model that keeps to a JSON schema"
        )
    label = found["label"]
    if label is not None and (not isinstance(label, str) or label not in labels):
        shown = _short(label if isinstance(label, str) else json.dumps(label), MOST_SHOWN)
        raise EndpointError(f"the answer “{shown}” is none of the labels that the model was shown, so it is not used")
    return label, _short(found["reason"], MOST_REASON)


def _tokens(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None


def _short(text: str, most: int) -> str:
    line = visible(" ".join(text[: 8 * most].split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"
