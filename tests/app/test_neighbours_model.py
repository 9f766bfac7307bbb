"""What a card says: its class at the level, its factor, and what its distance means here."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app import theme
from visualmemory_gui.app.actions import window_actions
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.models.neighbours import closeness_text, spoken
from visualmemory_gui.app.views.kit.buttons import ActionButton
from visualmemory_gui.engine.decision.levels import winning_label
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.types import Neighbour

CAT = Neighbour(7, 2, "animals/cat/tabby", 0.21, 0.5, 0.12, factor=10 / 3)


def test_a_class_factor_is_spoken_where_it_acts() -> None:
    assert spoken(CAT).endswith("12 % of the vote, vote times 3.3 for a small class")
    assert spoken(CAT._replace(factor=1.002)).endswith("12 % of the vote")


def test_a_card_names_the_class_it_votes_for_before_its_full_label() -> None:
    assert spoken(CAT).startswith("animals/cat/tabby, rank 2, distance 0.210, 12 % of the vote")
    assert spoken(CAT, level=1).startswith("animals (animals/cat/tabby), rank 2")
    assert spoken(CAT, level=1, state="struck").startswith("animals (animals/cat/tabby), struck out")
    assert spoken(CAT, state="excluded").startswith(
        "animals/cat/tabby, left out of this query, distance 0.210, no vote"
    )
    assert spoken(CAT._replace(trust=0.5, factor=1.0)).endswith("12 % of the vote, trust 0.5")


@pytest.mark.parametrize(
    ("farther", "said"),
    [
        (0.8, "Closer than 80 % of same-class pairs of this memory"),
        (0.0, "Farther apart than all same-class pairs of this memory"),
        (1.0, "Closer than all same-class pairs of this memory"),
    ],
)
def test_what_a_distance_means_is_said_in_words(farther: float, said: str) -> None:
    assert closeness_text(farther) == said


def test_cards_tell_what_their_distance_means_once_it_was_measured(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    model = desk.window.decide.neighbours.grid.model()
    near, far = (model.index(row, 0).data(CardRole.Closeness) for row in (0, model.rowCount() - 1))
    assert 1 >= near > far >= 0


def test_forgetting_measures_distances_anew(desk: Desk) -> None:
    before = desk.window.session.decision.closeness
    assert before is not None and len(before.distances) == 45
    desk.memory.forget([1])
    desk.settle()
    assert desk.window.session.decision.closeness is None
    desk.window._upkeep.on_quiet()
    desk.settle()
    after = desk.window.session.decision.closeness
    assert after is not None and len(after.distances) == 40


def test_at_a_level_the_chips_and_confirm_say_which_class(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.window.decide.neighbours.level.setCurrentIndex(1)
    desk.settle()
    model = desk.window.decide.neighbours.grid.model()
    assert {model.index(row, 0).data(CardRole.Label) for row in range(model.rowCount())} <= {"animals", "plants"}
    confirm = desk.window.actions_by_id["actionConfirm"]
    winner = winning_label(desk.decision)
    assert winner.startswith("animals/")
    assert confirm.text() == f"Confirm as {winner}" and confirm.data() == winner


def test_for_an_exemplar_of_the_memory_teaching_is_called_what_it_is(desk: Desk) -> None:
    desk.ask.label_answer = "plants/rose"
    desk.window.on_query_chosen(1)
    desk.settle()
    assert desk.window.decide.query.teach.text() == "Relabel as…"
    desk.press("actionTeach")
    assert desk.ask.asked == ["Relabel this exemplar to"]
    assert desk.memory.catalog.get([1])[0].label == "plants/rose"


def test_confirm_names_the_winner_and_at_a_level_the_full_label() -> None:
    nothing = {"selected": 0, "struck": 0, "undo": None, "redo": None}
    assert window_actions.texts(winner="a/b", **nothing)["actionConfirm"] == "Confirm a/b"
    assert window_actions.texts(winner="a/b", level=True, **nothing)["actionConfirm"] == "Confirm as a/b"


@pytest.mark.parametrize(
    ("others", "room", "said"),
    [
        ((), "Confirm as games/cards/white", "Confirm as games/cards/white"),
        ((), "Confirm as …/cards/white", "Confirm as …/cards/white"),
        ((), "Confirm as …/white", "Confirm as …/white"),
        (("games/balls/white",), "Confirm as …/cards/white", "Confirm as …/cards/white"),
    ],
)
def test_the_label_on_a_button_loses_its_first_parts_first(
    qtbot: QtBot, others: tuple[str, ...], room: str, said: str
) -> None:
    button = ActionButton("confirmButton")
    qtbot.addWidget(button)
    button.set_names(ShortLabels(("games/cards/white", *others)))
    button.set_words("Confirm as games/cards/white", "games/cards/white")
    button.resize(button.fontMetrics().horizontalAdvance(room) + theme.px(20) + 3, 30)
    button.show()
    assert button.text() == said
    assert button.accessibleName() == "Confirm as games/cards/white"


def test_a_button_without_room_for_the_ending_keeps_what_tells_the_class_from_the_others(qtbot: QtBot) -> None:
    said = []
    for label in ("games/cards/white", "games/balls/white"):
        button = ActionButton("confirmButton")
        qtbot.addWidget(button)
        button.set_names(ShortLabels(("games/cards/white", "games/balls/white")))
        button.set_words(f"Confirm {label}", label)
        button.resize(button.fontMetrics().horizontalAdvance("Confirm …/white") + theme.px(20) + 3, 30)
        button.show()
        said.append(button.text())
    assert len(set(said)) == 2
