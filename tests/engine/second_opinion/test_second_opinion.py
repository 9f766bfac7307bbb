"""A second opinion: what is sent, what counts as an answer, and endpoints that lie, hang or talk nonsense."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked
from PIL import Image

from tests.conftest import paint_image, write_images
from tools.endpoint_server import EndpointServer, Reply, completion, running, says
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import BadValue, Cancelled, EndpointError
from visualmemory_gui.engine.files import installation
from visualmemory_gui.engine.second_opinion import estimate, opinion
from visualmemory_gui.engine.second_opinion.endpoint import KEY_VARIABLE, SERVICE, Endpoint, Key, key_of, store_key
from visualmemory_gui.engine.second_opinion.opinion import Opinion
from visualmemory_gui.engine.second_opinion.question import (
    MOST_NEIGHBOURS,
    MOST_TOKENS,
    LabelledImage,
    Question,
    question_of,
)
from visualmemory_gui.engine.second_opinion.transport import AnswerLimits, post

SECRET = "sk-only-for-tests"
FAST = AnswerLimits(connect_s=1.0, silence_s=1.0, whole_s=1.0, answer_bytes=20_000)


def jpeg(colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    out = BytesIO()
    paint_image(colour, seed=1).save(out, "JPEG")
    return out.getvalue()


QUESTION = Question(
    jpeg(), tuple(LabelledImage(i, label, jpeg()) for i, label in enumerate(("cat", "lynx", "cat"))), winner="lynx"
)


class Ring(KeyringBackend):
    """A keyring in memory, which may be locked."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self, *, locked: bool = False) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.held[service, username] = password

    def _open(self) -> None:
        if self.locked:
            raise KeyringLocked("locked")


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ring]:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    before, made = keyring.get_keyring(), Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture(scope="module")
def shared() -> Iterator[EndpointServer]:
    with running() as server:
        yield server


@pytest.fixture
def server(shared: EndpointServer) -> EndpointServer:
    shared.reply = says("lynx")
    shared.release.clear()
    for kept in (shared.asked, shared.paths, shared.headers):
        kept.clear()
    return shared


def asked(server: EndpointServer, reply: Reply, *, key: Key | None = None, limits: AnswerLimits = FAST) -> Opinion:
    server.reply = reply
    return opinion.ask(QUESTION, Endpoint(server.url, "eye-1", 2.0, 8.0), key=key, limits=limits)


def refused(server: EndpointServer, reply: Reply, **how: object) -> str:
    with pytest.raises(EndpointError) as caught:
        asked(server, reply, **how)  # type: ignore[arg-type]
    return str(caught.value)


def test_one_of_the_labels_is_an_opinion_with_its_time_and_cost(server: EndpointServer) -> None:
    found = asked(server, says("lynx"))
    assert (found.label, found.reason, found.agrees("lynx")) == ("lynx", "Both have tufted ears.", True)
    assert (found.tokens_in, found.tokens_out, found.images) == (1200, 34, 4)
    assert found.cost == pytest.approx(1200 * 2e-6 + 34 * 8e-6)
    assert found.in_words("lynx") == "lynx, as the vote"
    assert found.in_words("cat") == "lynx, where the vote is cat"
    assert found.price_in_words.endswith("s, 1,200 + 34 tokens, 0.0027 by your prices")
    assert server.paths == ["/v1/chat/completions"] and "Authorization" not in server.headers[0]


def test_none_of_the_labels_is_an_opinion_too(server: EndpointServer) -> None:
    found = asked(server, says(None, "A dog."))
    assert (found.label, found.agrees("lynx"), found.agrees(None)) == (None, False, False)
    assert found.in_words("lynx") == "none of the 2 labels shown"


def test_the_question_holds_the_images_and_labels_in_order_and_nothing_else(server: EndpointServer) -> None:
    asked(server, says("cat"))
    [body] = server.asked
    content = body["messages"][1]["content"]
    images = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    expected = [QUESTION.query, *(one.jpeg for one in QUESTION.neighbours)]
    assert [base64.b64decode(url.removeprefix("data:image/jpeg;base64,")) for url in images] == expected
    texts = [part["text"] for part in content if part["type"] == "text"]
    assert texts == [
        "Query:",
        'Neighbour 1, label "cat":',
        'Neighbour 2, label "lynx":',
        'Neighbour 3, label "cat":',
        'Labels to choose from: ["cat", "lynx"]',
    ]
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["label"]["enum"] == ["cat", "lynx", None] and not schema["additionalProperties"]
    assert body["model"] == "eye-1" and set(body) == {"model", "messages", "response_format", "max_completion_tokens"}


def test_what_would_be_sent_is_what_is_sent(server: EndpointServer) -> None:
    found = asked(server, says("cat"))
    said = opinion.sent_in_words(QUESTION, Endpoint(server.url, "eye-1"))
    assert said.startswith("4 images (the query and 3 neighbours") and f"{found.sent / 1000:,.0f} KB" in said
    assert "2 labels" in said and said.endswith(f"to eye-1 at {found.host}")
    assert int(server.headers[0]["Content-Length"]) == found.sent


def test_what_it_will_cost_is_counted_by_rule_and_then_from_the_last_answer(server: EndpointServer) -> None:
    here, elsewhere = Endpoint(server.url, "eye-1", 2.0, 8.0), Endpoint(server.url, "eye-2")
    by_rule = estimate.estimate(QUESTION, here)
    assert 4 * estimate.IMAGE_TOKENS < by_rule.tokens_in < 4 * estimate.IMAGE_TOKENS + 400
    assert (by_rule.tokens_out, by_rule.seconds) == (MOST_TOKENS, None)
    assert by_rule.in_words.startswith("about 1,") and by_rule.in_words.endswith(" by your prices at most")
    assert estimate.estimate(QUESTION, elsewhere).in_words.endswith(" tokens, and 2,000 at most for the answer")
    found = asked(server, says("lynx"))
    more = replace(QUESTION, neighbours=QUESTION.neighbours * 2)  # 7 images, 4 were asked about
    next_one = estimate.estimate(more, here)
    assert (next_one.tokens_in, next_one.tokens_out, next_one.seconds) == (2100, 34, found.seconds)
    assert next_one.cost == pytest.approx(2100 * 2e-6 + 34 * 8e-6)
    assert (
        next_one.in_words == f"about 2,100 + 34 tokens, 0.0045 by your prices; the last one took {found.seconds:.1f} s"
    )
    assert estimate.estimate(QUESTION, elsewhere).seconds is None  # another model


@pytest.mark.parametrize(
    "kept", [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 5000, {"images": 0}, {"images": "4"}, {"tokens_in": 1e999},
             {"seconds": "long"}, {"more": 1}]
)  # fmt: skip
def test_a_record_of_the_last_answer_that_is_damaged_does_not_count(
    server: EndpointServer, kept: bytes | dict[str, object]
) -> None:
    found, here = asked(server, says("lynx")), Endpoint(server.url, "eye-1")
    assert estimate.estimate(QUESTION, here).seconds == found.seconds
    [place] = installation.data_folder().glob("last_opinion*")
    assert not any(word in place.read_text() for word in ("lynx", "cat", "ears"))
    place.write_bytes(
        kept if isinstance(kept, bytes) else json.dumps({**json.loads(place.read_text()), **kept}).encode()
    )
    assert estimate.estimate(QUESTION, here).seconds is None


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (says("dog"), "“dog” is none of the labels"),
        (says("Lynx"), "“Lynx” is none of the labels"),
        (completion('{"label": ["cat"], "reason": ""}'), "none of the labels"),
        (completion('{"label": 0, "reason": ""}'), "none of the labels"),
        (completion('{"label": "cat"}'), "does not have the form"),
        (completion('{"label": "cat", "reason": "", "send": "all images"}'), "does not have the form"),
        (completion('{"label": "cat", "reason": null}'), "does not have the form"),
        (completion("It is a cat."), "(It is a cat.)"),
        (completion("\u202ecat\x1b[31m" * 100), "does not have the form"),
        (completion("[" * 100_000), "larger than"),
        (completion("[" * 9_000), "does not have the form"),
        (completion(None), "no answer"),
        (completion(None, tool_calls=[{"function": {"name": "read_file"}}]), "asked for tools"),
        (completion("", refusal="I cannot help with that."), "refused to answer: I cannot help"),
        (completion('{"label": "ca', finish_reason="length"), "cut off"),
        (Reply(body=b"[]"), "protocol of chat completions"),
        (Reply(body=b'{"choices": []}'), "protocol of chat completions"),
        (Reply(body=b'{"choices": [null]}'), "protocol of chat completions"),
        (Reply(body=b"{" * 10_000), "not JSON"),
        (Reply(body=b"\xff\xfe\x00"), "not JSON"),
        (Reply(body=b""), "not JSON"),
        (Reply(body=b"<!DOCTYPE html><p>Please log in"), "a web page came back"),
        (Reply(body=b"1" * 5000), "not JSON"),
        (Reply(body=b"{}", headers={"Content-Length": "900"}), "before the answer was complete"),
        (Reply(body=b"x" * 30_000), "larger than 0.0 MB"),
        (Reply(None), "ended the connection"),
        (Reply(401, b'{"error": {"message": "no"}}'), f"wants a key (401): set it in {KEY_VARIABLE}"),
        (Reply(404, b'{"error": {"message": "no such model"}}'), "no model 'eye-1'"),
        (Reply(400, b'{"error": "images are not supported"}'), "It says: images are not supported"),
        (Reply(429, b"{}", {"Retry-After": "20"}), "asks to wait 20 s"),
        (Reply(429, b"{}", {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}), "takes no more questions for now (429)"),
        (Reply(503, b"<html>", {}), "a fault of its own (503): try again later"),
        (Reply(302, b"", {"Location": "https://elsewhere.example/v1"}), "points to elsewhere.example, where nothing"),
        (Reply(307, b"", {"Location": "/other"}), "points to 127.0.0.1"),
        (Reply(308, b"", {"Location": "http://[bad"}), "points to another address"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_words(server: EndpointServer, reply: Reply, said: str) -> None:
    found = refused(server, reply)
    assert said in found and "\x1b" not in found and "\u202e" not in found and len(found) < 500
    assert len(server.asked) == 1  # no second try, and no step to another address


def test_a_reason_is_one_line_of_bounded_length(server: EndpointServer) -> None:
    found = asked(server, says("cat", "a\n\x1b[2J" + "b " * 900))
    assert found.reason.startswith("a \\x1b[2J") and len(found.reason) == 300


@pytest.mark.parametrize(
    "usage", [None, [], {"prompt_tokens": -1}, {"prompt_tokens": "many", "completion_tokens": 1e9}]
)
def test_tokens_that_are_no_counts_give_no_cost(server: EndpointServer, usage: object) -> None:
    found = asked(server, completion('{"label": "cat", "reason": ""}', usage=usage))
    assert (found.tokens_in, found.cost, found.label) == (None, None, "cat")
    assert found.price_in_words.endswith(" s")


@pytest.mark.parametrize(
    ("slow", "limits", "said"),
    [
        ("hangs", AnswerLimits(whole_s=0.3), "longer than 0 s"),
        ("hangs", AnswerLimits(silence_s=0.3), "did not answer in time"),
        ("drips", AnswerLimits(silence_s=0.3, whole_s=0.6), "longer than 1 s"),  # no silence is long, but all of it is
    ],
)
def test_an_endpoint_that_is_slow_is_left_in_time(
    server: EndpointServer, slow: str, limits: AnswerLimits, said: str
) -> None:
    began = time.monotonic()
    reply = Reply(before=server.hang) if slow == "hangs" else Reply(body=b"x" * 1000, drip_s=0.05)
    assert said in refused(server, reply, limits=limits)
    assert time.monotonic() - began < 5
    server.release.set()


def test_whoever_asks_can_leave_at_any_time(server: EndpointServer) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        raise Cancelled

    server.reply = Reply(before=server.hang)
    with pytest.raises(Cancelled):
        post(Endpoint(server.url, "m"), b"{}", limits=FAST, report=stop)
    server.release.set()


def test_nobody_there_is_said_so(server: EndpointServer) -> None:
    with pytest.raises(EndpointError, match=r"nothing answers at 127\.0\.0\.1:1: is the server running"):
        opinion.ask(QUESTION, Endpoint("http://127.0.0.1:1", "m"), limits=FAST)


def test_https_without_a_trusted_certificate_sends_nothing(server: EndpointServer) -> None:
    address = server.url.replace("http:", "https:")
    with pytest.raises(EndpointError, match=r"failed|not HTTP|prove"):
        opinion.ask(QUESTION, Endpoint(address, "m"), key=Key(SECRET, "a test"), limits=FAST)
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org", "ftp://example.org", "http://example.org/v1", "http://127.0.0.1.example.org", "https://",
        "https://u:p@example.org", "https://sk-1@example.org", "https://example.org/v1?key=1", "https://a.b/#x",
        "https://exa mple.org", "https://example.org\n/v1", "https://[::1", "https://example.org:port", "http://10.0.0.1",
        "file:///etc/passwd", "https://exämple.org",
    ],
)  # fmt: skip
def test_an_address_that_images_must_not_go_to_is_refused(url: str) -> None:
    with pytest.raises(BadValue):
        Endpoint(url.replace("\n", "\x00"), "m")


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://api.example.org/v1", "api.example.org", "/v1/chat/completions"),
        (" https://api.example.org/ ", "api.example.org", "/v1/chat/completions"),
        ("http://localhost:11434/v1/chat/completions", "localhost:11434", "/v1/chat/completions"),
        ("http://[::1]:80/openai", "[::1]:80", "/openai/chat/completions"),
    ],
)
def test_an_address_names_host_and_path(url: str, host: str, path: str) -> None:
    assert (Endpoint(url, "m").host, Endpoint(url, "m").path) == (host, path)


@pytest.mark.parametrize("wrong", [("", None), ("a\nb", None), ("m" * 201, None), ("m", -1.0), ("m", float("nan"))])
def test_a_model_has_a_name_and_a_price_is_a_number(wrong: tuple[str, float | None]) -> None:
    with pytest.raises(BadValue):
        Endpoint("https://example.org", wrong[0], wrong[1])


def test_the_key_comes_from_the_environment_or_the_keyring(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = Endpoint("https://api.example.org/v1", "m")
    assert key_of(endpoint) is None
    store_key(endpoint, f" {SECRET} ")
    assert ring.held == {(SERVICE, "api.example.org"): SECRET}
    found = key_of(endpoint)
    assert found is not None and (found.secret, found.found_in) == (SECRET, "the system's keyring")
    assert key_of(Endpoint("https://other.example.org", "m")) is None  # a key is its host's alone
    monkeypatch.setenv(KEY_VARIABLE, "sk-from-environment")
    found = key_of(endpoint)
    assert found is not None and found.secret == "sk-from-environment" and KEY_VARIABLE in found.found_in
    with pytest.raises(BadValue, match="characters that no key has"):
        store_key(endpoint, "a\r\nX-Evil: 1")


def test_a_locked_keyring_is_no_key_and_takes_none(ring: Ring) -> None:
    ring.locked = True
    endpoint = Endpoint("https://api.example.org/v1", "m")
    assert key_of(endpoint) is None
    with pytest.raises(BadValue, match="did not take the key"):
        store_key(endpoint, SECRET)


def test_the_key_is_sent_and_shown_nowhere(server: EndpointServer, caplog: pytest.LogCaptureFixture) -> None:
    key = Key(SECRET, "a test")
    with caplog.at_level(logging.DEBUG):
        asked(server, says("cat"), key=key)
        said = refused(server, Reply(400, json.dumps({"error": {"message": f"bad {SECRET}"}}).encode()), key=key)
        denied = refused(server, Reply(403, f"key {SECRET}".encode()), key=key)
    assert [each["Authorization"] for each in server.headers] == [f"Bearer {SECRET}"] * 3
    assert SECRET not in "".join((caplog.text, repr(key), said, denied, json.dumps(server.asked)))
    assert "bad …" in said and denied.endswith("refused the key (403): check the one in a test")


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VisualMemory]:
    room = tmp_path_factory.mktemp("opinion")
    with VisualMemory.create(room / "m.vmem", encoder="fake") as made:
        made.build(write_images(room / "images", each=5))
        made.set("rule", "ridge")
        yield made


def test_the_largest_voters_are_shown_in_order_of_rank_at_the_level_of_the_decision(
    memory: VisualMemory, tmp_path: Path
) -> None:
    paint_image((150, 100, 60), seed=99).save(tmp_path / "query.png")
    decision = memory.decide(tmp_path / "query.png", level=1)
    found = question_of(memory, decision, jpeg(), most=3)
    largest = sorted(decision.voters, key=lambda n: -n.weight)[:3]
    assert [one.exemplar for one in found.neighbours] == [n.id for n in sorted(largest, key=lambda n: n.rank)]
    assert set(found.labels) <= {"animals", "plants"} and found.winner == decision.label
    assert all(max(Image.open(BytesIO(one.jpeg)).size) <= 256 for one in found.neighbours)
    assert str(tmp_path) not in found.body("m").decode() and "query.png" not in found.body("m").decode()


def test_an_exemplar_equal_to_the_query_is_not_shown_since_its_label_would_be_the_answer(memory: VisualMemory) -> None:
    [first] = memory.catalog.get([1])
    decision = memory.decide(str(first.source))
    assert 1 in [n.id for n in decision.voters]
    assert 1 not in [one.exemplar for one in question_of(memory, decision, jpeg()).neighbours]


def test_without_images_nothing_is_asked(memory: VisualMemory, tmp_path: Path) -> None:
    decision = memory.decide(1)
    for query in (None, b"", b"<svg>", jpeg() + bytes(1 << 18)):
        with pytest.raises(BadValue, match="not stored"):
            question_of(memory, decision, query)
    for most in (0, MOST_NEIGHBOURS + 1):
        with pytest.raises(BadValue, match="1 to 50"):
            question_of(memory, decision, jpeg(), most=most)
    with VisualMemory.create(tmp_path / "v.vmem", dim=3) as vectors:
        vectors.add_vectors([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], ["a", "b"])
        with pytest.raises(BadValue, match="nothing to show"):
            question_of(vectors, vectors.decide_vector([1.0, 0.1, 0.0]), jpeg())
