"""A second opinion in the window: set up, asked for, and answered in every way."""

from __future__ import annotations

from tools.endpoint_server import EndpointServer, Reply, running, says
from tools.screenshots.stage import Stage, ask
from visualmemory_gui.engine.second_opinion.endpoint import Endpoint

QUERY = "21-trumpet_pocket_colour_ganso.png"


def opinion(stage: Stage) -> None:
    """An opinion that agrees, one that differs, none of the labels, a label that was not shown, and a fault."""
    if stage.window.session.memory is None:
        stage.window.open(str(stage.room / "birthday" / "demo.vmem"))
        stage.settle()
    ask(stage, QUERY)
    stage.press("actionOpinionSetUp")
    stage.shoot("opinion-set-up")
    stage.close_dialogs()
    with running() as server:
        _ask_in_turn(stage, server)
    stage.window.session.opinion.set_endpoint(None)


def _ask_in_turn(stage: Stage, server: EndpointServer) -> None:
    decision, model = stage.window.session.decision.decision, stage.window.session.opinion
    assert decision is not None and decision.label is not None
    model.set_endpoint(Endpoint(server.url, "eye-1", 2.0, 8.0))
    stage.shoot("opinion-offered")
    other = next(label for label in decision.shares if label != decision.label)
    for name, reply in (
        ("agrees", says(decision.label, "Both have three valves and a wide bell.")),
        ("differs", says(other, "The outline and the shading are like those of the second neighbour.")),
        ("none", says(None, "It is a brass instrument, and no neighbour shows one.")),
        ("refused", says("violin")),
        ("failed", Reply(429, b"{}", {"Retry-After": "20"})),
    ):
        server.reply = reply
        stage.press("actionOpinion")
        if name == "agrees":
            stage.shoot("opinion-asked")
        stage.dialog().accept()
        stage.settle()
        stage.shoot(f"opinion-{name}")
