"""The parameters of the voting rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleParameters:
    """The parameters of all voting rules, each of which reads its own: distance, softmax and rank have one each."""

    exponent: float = 1.0
    temperature: float = 0.07
    offset: float = 2.0


USUAL = RuleParameters()
