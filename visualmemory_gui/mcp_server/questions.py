"""The tools that only read: each answers with data, and with thumbnails where images say more."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import chain, islice
from typing import Annotated, Any, Literal, NamedTuple

from mcp.types import CallToolResult, ImageContent, TextContent
from pydantic import Field

from visualmemory_gui.engine.curation.blame import blame
from visualmemory_gui.engine.curation.review import survey
from visualmemory_gui.engine.decision import in_memory
from visualmemory_gui.engine.decision.novelty import headline
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.text.visible_text import writable
from visualmemory_gui.engine.types import F32, Decision, Exemplar
from visualmemory_gui.engine.what_if.flip import flips
from visualmemory_gui.mcp_server import answers
from visualmemory_gui.mcp_server.own_accuracy import OwnAccuracy
from visualmemory_gui.mcp_server.served_memory import ServedMemory

MOST_SHOWN = 12
"""Thumbnails in one answer; each is a JPEG of at most 256 pixels a side."""
MOST_LISTED = 100
MOST_RUNS = 20
FEW = 10
"""Classes, mistakes and shares that an answer lists."""

Count = Annotated[int, Field(ge=1, le=MOST_LISTED, description="How many to list.")]
Thumbnails = Annotated[int, Field(ge=0, le=MOST_SHOWN, description="How many thumbnails to add.")]
ImagePath = Annotated[str | None, Field(max_length=4096, description="The path of an image file.")]
ExemplarId = Annotated[int | None, Field(ge=1, le=2**62, description="The id of an exemplar, instead of a path.")]
Label = Annotated[str, Field(max_length=1000)]
Box = Annotated[list[int] | None, Field(description="A part of the image: x, y, width, height in pixels.")]


class AskedQuery(NamedTuple):
    """What is asked about: its name, its vector (dim,), its decision, and its id where it is an exemplar."""

    name: str
    vector: F32
    decision: Decision
    own: int | None


class Questions:
    """The tools that read the memory ``served``. An exemplar is decided by all others, as if it were not there."""

    def __init__(self, served: ServedMemory) -> None:
        self._served = served
        self._runs: dict[int, OwnAccuracy] = {}

    def memory(self) -> Annotated[CallToolResult, answers.MemoryAnswer]:
        """What the memory holds: its classes and how many exemplars each has, its encoder and voting rule."""
        with self._served.use() as m:
            summary = m.summary()
            by_size = sorted(summary.labels.items(), key=lambda item: (-item[1], item[0]))
            return answer(
                answers.MemoryAnswer(
                    name=writable(m.name),
                    path=writable(m.address),
                    encoder=summary.encoder.name,
                    rule=VotingScheme.of(m.settings).words,
                    active=summary.active,
                    struck=summary.struck,
                    classes=[answers.ClassFacts(*item) for item in by_size[:MOST_LISTED]],
                    more=max(len(by_size) - MOST_LISTED, 0),
                    editable=self._served.editable,
                )
            )

    def classify(
        self,
        image: ImagePath = None,
        exemplar: ExemplarId = None,
        box: Box = None,
        neighbours: Count = 10,
        thumbnails: Thumbnails = 4,
    ) -> Annotated[CallToolResult, answers.DecisionAnswer]:
        """Decide what an image shows, with the neighbours that voted and thumbnails of the nearest of them."""
        with self._served.use() as m:
            asked = self._asked(m, image, exemplar, box)
            return self._with_images(m, _decision(asked, neighbours, thumbnails))

    def find_similar(
        self, image: ImagePath = None, exemplar: ExemplarId = None, n: Count = 10, thumbnails: Thumbnails = 6
    ) -> Annotated[CallToolResult, answers.SimilarAnswer]:
        """The exemplars that look most like an image, or like another exemplar, whatever their label."""
        with self._served.use() as m:
            name, vector, own = self._vector(m, image, exemplar, None)
            near = m.searcher.nearest(m.snapshot, vector, n, excluded=() if own is None else (own,))
            snapshot = m.snapshot
            found = [
                answers.NeighbourFacts(int(snapshot.ids[row]), snapshot.labels[snapshot.label[row]], float(d), None)
                for row, d in zip(near.rows, near.distances, strict=True)
            ]
            return self._with_images(m, answers.SimilarAnswer(name, found, [one.id for one in found[:thumbnails]]))

    def show(
        self,
        ids: Annotated[list[int] | None, Field(max_length=MOST_LISTED)] = None,
        label: Label | None = None,
        state: Literal["active", "struck"] | None = None,
        n: Count = 20,
        skip: Annotated[int, Field(ge=0, le=2**62)] = 0,
        thumbnails: Thumbnails = 6,
    ) -> Annotated[CallToolResult, answers.ShowAnswer]:
        """List exemplars: by id, or of a label and all below it, or of a state, a page at a time, with thumbnails."""
        with self._served.use() as m:
            if ids is not None:
                m.catalog.get(ids)  # raises for one that is not there
            if label is not None:
                m.catalog.require_label(label)
            chosen = list(
                chain.from_iterable(m.catalog.pages(label=label, state=state))
                if ids is None
                else m.catalog.select(label=label, state=state, ids=ids)
            )
            page = list(islice(chosen, skip, skip + n))
            shown = [one.id for one in page[:thumbnails]]
            return self._with_images(m, answers.ShowAnswer([_facts(one) for one in page], len(chosen), shown))

    def find_wrong_labels(
        self, n: Count = 10, thumbnails: Thumbnails = 4
    ) -> Annotated[CallToolResult, answers.SuspectsAnswer]:
        """Exemplars whose label the others contradict, the most suspicious first. Look at each before you change it."""
        with self._served.use() as m:
            found = survey(m)
            suspects = [
                answers.SuspectFacts(
                    id=one.id,
                    label=one.label,
                    share=one.share,
                    suggested=one.suggested,
                    suggested_share=one.suggested_share,
                    likely=one.likely,
                    against=[answers.NeighbourFacts(i, label, d, None) for i, label, d in one.against],
                )
                for one in found.suspects[:n]
            ]
            shown = [one.id for one in suspects[:thumbnails]]
            likely = len(found.likely)
            return self._with_images(m, answers.SuspectsAnswer(found.looked_at, likely, found.recall, suspects, shown))

    def explain(
        self,
        image: ImagePath = None,
        exemplar: ExemplarId = None,
        to: Annotated[Label | None, Field(description="The class it should be; any other if left out.")] = None,
        with_blame: Annotated[bool, Field(description="Also name exemplars to blame; slow in a large memory.")] = False,
        thumbnails: Thumbnails = 4,
    ) -> Annotated[CallToolResult, answers.ExplainAnswer]:
        """Why an image is decided as it is: who votes, the fewest strikes or lessons that would change it, and, for an
        exemplar that the others decide wrongly, which exemplars are to blame. Changes nothing."""
        with self._served.use() as m:
            asked = self._asked(m, image, exemplar, None)
            found = flips(m, asked.vector, to=None if to is None else labels.clean(to), own=asked.own)
            blamed, words = self._blamed(m, asked) if with_blame else ([], "")
            decision = _decision(asked, FEW, thumbnails)
            explained = answers.ExplainAnswer(
                decision=decision,
                strikes=None if found.strikes is None else list(found.strikes.ids),
                becomes=None if found.strikes is None else found.strikes.label,
                exact=found.strikes is not None and found.strikes.exact,
                lessons=None if found.lessons is None else found.lessons.count,
                lesson_label=None if found.lessons is None else found.lessons.label,
                blamed=blamed,
                blame=words,
            )
            return answer(explained, self._thumbnails(m, decision.shown))

    def evaluate(
        self,
        compare_with: Annotated[
            int | None, Field(description="An earlier run of this session, to see the gain.")
        ] = None,
    ) -> Annotated[CallToolResult, answers.EvaluateAnswer]:
        """How often the memory is right about its own exemplars, each decided by all others, and what it confuses.

        Compared with an earlier run it asks the exemplars of that run, without those relabelled since.
        """
        with self._served.use() as m:
            before = None if compare_with is None else self._run(compare_with)
            found = OwnAccuracy.of(m, since=before)
            number = max(self._runs, default=0) + 1
            self._runs[number] = found
            self._runs.pop(number - MOST_RUNS, None)
            return answer(_evaluation(number, found, before))

    def history(self, n: Count = 10) -> Annotated[CallToolResult, answers.HistoryAnswer]:
        """The latest edits of the memory, by whomever, latest first: what undo and redo would take."""
        with self._served.use() as m:
            steps = m.history.steps(n)
            return answer(
                answers.HistoryAnswer([answers.StepFacts(s.number, s.name, s.exemplars, s.state) for s in steps])
            )

    def _asked(self, m: VisualMemory, image: str | None, exemplar: int | None, box: list[int] | None) -> AskedQuery:
        _require_one(image, exemplar)
        if image is not None:
            decoded = m.decode(image, box)
            return AskedQuery(image, m.embed(decoded)[0], m.decide(decoded), None)
        name, vector, own = self._vector(m, image, exemplar, box)
        [row] = m.catalog.get([own or 0])
        decision = m.decide_vector(vector, own=own, content=row.content, original=row.original)
        return AskedQuery(name, vector, decision, own)

    def _vector(
        self, m: VisualMemory, image: str | None, exemplar: int | None, box: list[int] | None
    ) -> tuple[str, F32, int | None]:
        _require_one(image, exemplar)
        if image is not None:
            return image, m.embed(m.decode(image, box))[0], None
        if box is not None:
            raise BadValue("an exemplar is decided as it is: for a part of its image, give the path of the image")
        [row] = m.catalog.get([exemplar or 0])
        return f"exemplar {row.id}, labelled {row.label}", m.catalog.vectors([row.id])[0], row.id

    def _blamed(self, m: VisualMemory, asked: AskedQuery) -> tuple[list[answers.BlamedFacts], str]:
        if asked.own is None:
            return [], "only of an exemplar is the right label known: teach the image, or name an exemplar"
        found = blame(m, [asked.own])
        return [answers.BlamedFacts(one.id, one.label, one.value, one.fix) for one in found.blamed], found.words

    def _run(self, number: int) -> OwnAccuracy:
        if number not in self._runs:
            raise BadValue(f"there is no run {number} in this session; there are {sorted(self._runs) or 'none yet'}")
        return self._runs[number]

    def _with_images(
        self,
        m: VisualMemory,
        found: answers.DecisionAnswer | answers.SimilarAnswer | answers.ShowAnswer | answers.SuspectsAnswer,
    ) -> CallToolResult:
        return answer(found, self._thumbnails(m, found.shown))

    def _thumbnails(self, m: VisualMemory, ids: Sequence[int]) -> list[TextContent | ImageContent]:
        """Each with a line that says which exemplar it is."""
        jpegs, content = m.catalog.thumbnails(ids), list[TextContent | ImageContent]()
        for one in m.catalog.get([i for i in ids if i in jpegs]):
            content.append(TextContent(type="text", text=f"exemplar {one.id}, labelled {one.label}:"))
            jpeg = base64.b64encode(jpegs[one.id]).decode()
            content.append(ImageContent(type="image", data=jpeg, mime_type="image/jpeg"))
        return content


def answer(found: Any, images: Iterable[TextContent | ImageContent] = ()) -> CallToolResult:
    """A result: the data ``found``, a dataclass of ``answers``, as structured content and as text, and images."""
    data = asdict(found)
    return CallToolResult(content=[TextContent(type="text", text=json.dumps(data)), *images], structured_content=data)


def _require_one(image: str | None, exemplar: int | None) -> None:
    if (image is None) == (exemplar is None):
        raise BadValue("name either the path of an image or the id of an exemplar")


def _decision(asked: AskedQuery, most: int, thumbnails: int) -> answers.DecisionAnswer:
    decision = asked.decision
    voters = decision.voters
    here = "" if asked.own is not None else in_memory.in_words(decision)
    unlisted = f"{len(voters) - most:,} more vote" if len(voters) > most else ""
    return answers.DecisionAnswer(
        query=asked.name,
        label=decision.label,
        headline=headline(decision),
        share=decision.share,
        margin=decision.margin,
        known=decision.known,
        reason="" if decision.novelty is None else decision.novelty.reason,
        confidence=decision.confidence,
        shares=dict(islice(decision.shares.items(), FEW)),
        in_memory=here,
        neighbours=[answers.NeighbourFacts(n.id, n.label, n.distance, n.share) for n in voters[:most]],
        rest="; ".join(filter(None, (unlisted, decision.silent_words))),
        shown=[n.id for n in voters[:thumbnails]],
    )


def _facts(one: Exemplar) -> answers.ExemplarFacts:
    box = None if one.box is None else list(one.box)
    source = None if one.source is None else writable(one.source)
    return answers.ExemplarFacts(one.id, one.label, one.state, one.trust, source, one.note, box)


def _evaluation(number: int, found: OwnAccuracy, before: OwnAccuracy | None) -> answers.EvaluateAnswer:
    gain, fixed, broken = (None, None, None) if before is None else found.since(before)
    return answers.EvaluateAnswer(
        run=number,
        queries=len(found.ids),
        accuracy=float(found.right.mean()),
        hardest=[answers.HardClass(name, *one) for name, one in islice(found.by_class.items(), FEW)],
        mistakes=[answers.MistakeFacts(*one) for one in found.mistakes[:FEW]],
        gain=None if gain is None else gain.words,
        fixed=fixed,
        broken=broken,
    )
