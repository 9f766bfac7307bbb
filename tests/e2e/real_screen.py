"""A real X server, the real program on it, and hands: mouse and keys by xdotool, drags from another program."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from PIL import Image
from typer.testing import CliRunner

from visualmemory_gui.cli.main import app

ROOT = Path(__file__).parents[2]
SCREEN = "1600x900x24"
SOURCE_AT = (1400, 600)  # beside the window, which is 1280 wide
STEPS, STEP_S = 10, "0.02"
REST_S = "0.2"  # where a corner matters
LONGEST_S = 30.0
MOST_TABS = 40
READING = ("show", "classify", "verify")
State = dict[str, Any]


@contextmanager
def x_server(size: str = SCREEN) -> Iterator[str]:
    """Start Xvfb on a display that is free; its name comes back, and it is ended at the end."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp", "-noreset"],
        pass_fds=(write,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        yield f":{int(Lines(read, 'Xvfb').next())}"
    finally:
        server.terminate()
        server.wait(20)
        os.close(read)


class Lines:
    """Lines from a file descriptor, each within a time."""

    def __init__(self, descriptor: int, who: str) -> None:
        self._descriptor = descriptor
        self._who = who
        self._rest = b""

    def next(self, *, longest_s: float = LONGEST_S) -> str:
        end = time.monotonic() + longest_s
        while b"\n" not in self._rest:
            if not select.select([self._descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError(f"{self._who} said nothing for {longest_s:.0f} s")
            read = os.read(self._descriptor, 1 << 16)
            if not read:
                raise EOFError(f"{self._who} ended")
            self._rest += read
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode()

    def until(self, start: str) -> str:
        """The first line that begins so; those before it are passed over."""
        while not (line := self.next()).startswith(start):
            pass
        return line


class Child:
    """A module of ours in a process of its own; what it says on standard error must be nothing."""

    def __init__(self, module: str, arguments: list[str], surroundings: Mapping[str, str], told: Path) -> None:
        self._told = told
        with told.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=dict(surroundings),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
            )
        assert self.process.stdout is not None
        self.lines = Lines(self.process.stdout.fileno(), module)

    def complaints(self) -> str:
        return self._told.read_text(errors="replace")

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n".encode())

    def end(self) -> None:
        """For a child that did not end by itself."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Screen:
    """The program over one memory, and a user before it.

    ``actions`` counts what the user did: clicks, drags, drops, turns of the wheel and keys; a name that is typed and
    confirmed with Return is one.
    """

    def __init__(self, room: Path, display: str, *arguments: str) -> None:
        self._room = room
        self.actions = 0
        (room / "runtime").mkdir(mode=0o700)
        self._surroundings = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        self._surroundings["XDG_RUNTIME_DIR"] = str(room / "runtime")
        for name in ("CONFIG", "STATE"):  # the user's own settings and log stay as they are
            self._surroundings[f"XDG_{name}_HOME"] = str(room / name.lower())
        self._surroundings.pop("WAYLAND_DISPLAY", None)
        self._window = self._child("window_child", list(arguments))

    def begin(self, *arguments: str) -> State:
        """Start the program, which was closed, with its settings as they were kept."""
        self.actions += 1
        self._window = self._child("window_child", list(arguments))
        return self.until(lambda s: s["shown"] and not s["busy"], "the program is there again")

    def state(self) -> State:
        """What the window shows now."""
        self._window.say("state")
        state: State = json.loads(self._window.lines.next())
        return state

    def grab(self, file: Path) -> Image.Image:
        """What the whole screen shows now; ``file`` keeps it."""
        self._window.say(f"grab:{file}")
        self._window.lines.next()
        return Image.open(file).convert("RGB")

    def until(self, holds: Callable[[State], bool], what: str, *, longest_s: float = LONGEST_S) -> State:
        """The first state in which ``holds``; fails after ``longest_s``, saying what was awaited."""
        end, pause = time.monotonic() + longest_s, Event()
        while not holds(state := self.state()):
            if time.monotonic() > end:
                raise AssertionError(f"in {longest_s:.0f} s it never came that {what}; the window: {state}")
            pause.wait(0.03)
        return state

    def rest(self) -> State:
        """Wait until the encoder is there and nothing is being done."""
        return self.until(
            lambda s: not s["busy"] and s["texts"]["statusEncoder"].startswith("lite0 on"), "the window rests"
        )

    def restart(self, *arguments: str) -> State:
        """Close the program and start it again."""
        self.close()
        return self.begin(*arguments)

    def focus(self, window: str = "mainWindow") -> None:
        """Give a window the keys, as a click on its title would: there is no window manager."""
        state = self.until(lambda s: window in s["windows"], f"{window} is there")
        if state["active"] != window:
            self.hands("windowfocus", str(state["windows"][window]))
        self.until(lambda s: s["active"] == window, f"{window} has the keys")

    def answer(self, window: str, text: str) -> State:
        """Type ``text`` into the dialog ``window`` in place of what stands there, and press Return: one action."""
        self.fill(window, text)
        self.keys("Return")
        self.until(lambda s: not s["dialog"], "the question is answered")
        self.focus()
        return self.rest()

    def fill(self, window: str, text: str) -> None:
        """Type ``text`` into the dialog ``window`` in place of what stands there. The key that confirms it counts."""
        self.focus(window)
        self.hands("key", "ctrl+a")
        self.hands("type", "--delay", "20", text)

    def click(self, spot: list[int], *, held: str = "", times: int = 1) -> None:
        """Click there, with the key ``held`` down; several times as fast as a hand can."""
        self.actions += times
        keys = _holding(held)
        clicks = ("click", "--repeat", str(times), "--delay", "60", "1")
        self.hands("mousemove", *map(str, spot), *keys[0], *clicks, *keys[1])

    def wheel(self, spot: list[int], *, down: bool) -> None:
        """Turn the wheel there by one notch."""
        self.actions += 1
        self.hands("mousemove", *map(str, spot), "click", "5" if down else "4")

    def draw(self, way: list[list[int]], *, held: str = "") -> None:
        """Draw with the left button, and the key ``held``, down, through every place of ``way``.

        The hand rests at each: of moves that come faster than the window takes them it sees the last alone.
        """
        self.actions += 1
        down, up = _holding(held)
        rests = [part for spot in way[1:] for part in ("mousemove", *map(str, spot), "sleep", REST_S)]
        self.hands(
            "mousemove", *map(str, way[0]), *down, "mousedown", "1", "sleep", REST_S, *rests, "mouseup", "1", *up
        )

    def keys(self, *keys: str, pause_ms: int = 30) -> None:
        self.actions += len(keys)
        self.hands("key", "--delay", str(pause_ms), *keys)

    def type(self, text: str) -> None:
        """Type ``text``, each letter a key."""
        self.actions += len(text)
        self.hands("type", "--delay", "20", text)

    def drag(self, spot: str, *images: Path) -> None:
        """Drag ``images`` from another program onto ``spot`` of the window, and let them go there."""
        self.actions += 1
        source = self._child("drag_child", [*map(str, SOURCE_AT), *map(str, images)])
        try:
            assert source.lines.next() == "ready"
            start, goal = (SOURCE_AT[0] + 80, SOURCE_AT[1] + 80), self.state()["spots"][spot]
            self.hands("mousemove", *map(str, start), "mousedown", "1", *_way(start, goal))
            try:
                self._tremble_over(goal)
                self.until(lambda s: s["over"] == goal, f"the drag is over {spot}")
                source.lines.until("would CopyAction")
            finally:
                self.hands("mouseup", "1")
            assert source.lines.until("did") == "did CopyAction"
            self.until(lambda s: s["over"] is None, f"the drop on {spot} is taken")
            source.say("end")
            assert source.process.wait(20) == 0
        finally:
            source.end()
        assert source.complaints() == ""

    def _tremble_over(self, goal: list[int]) -> None:
        """Move a little until the window knows where the drag is: the last move of a still hand may get lost."""
        for _ in range(10):
            try:
                self.until(lambda s: s["over"] == goal, "", longest_s=2)
                return
            except AssertionError:
                near = [str(goal[0] + 2), str(goal[1] + 2)]
                self.hands("mousemove", *near, "sleep", STEP_S, "mousemove", *map(str, goal))

    def hands(self, *arguments: str) -> None:
        """Move the hands by xdotool, without counting it."""
        subprocess.run(["xdotool", *arguments], env=self._surroundings, check=True, timeout=LONGEST_S)

    def close(self) -> None:
        """Close the window; the program ends well and has complained about nothing."""
        self._window.say("close")
        self._window.lines.next()
        self._ended()

    def quit(self) -> None:
        """Leave by the key for it; the program ends as well."""
        self.focus()
        self.keys("ctrl+q")
        self._ended()

    def _ended(self) -> None:
        assert self._window.process.wait(30) == 0, self._window.complaints()
        assert self._window.complaints() == ""
        self._window.end()

    def end(self) -> None:
        self._window.end()

    def _child(self, name: str, arguments: list[str]) -> Child:
        told = self._room / f"{name}-{len(list(self._room.iterdir()))}.err"
        return Child(f"tests.e2e.{name}", arguments, self._surroundings, told)


def _holding(key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What presses ``key``, and what lets it go; "" is none."""
    return (("keydown", key), ("keyup", key)) if key else ((), ())


def _way(start: tuple[int, int], goal: list[int]) -> Iterator[str]:
    """What xdotool does to come from ``start`` to ``goal``."""
    for step in range(1, STEPS + 1):
        part = step / STEPS
        spot = (round(a + part * (b - a)) for a, b in zip(start, goal, strict=True))
        yield from ("sleep", STEP_S, "mousemove", *map(str, spot))


def tab_until(screen: Screen, there: Callable[[State], bool], what: str) -> None:
    """Press Tab until ``there``, which is ``what``, as a user would who sees where the keys go."""
    for _ in range(MOST_TABS):
        if there(screen.state()):
            return
        screen.keys("Tab")
    raise AssertionError(f"{MOST_TABS} times Tab never came to {what}: {screen.state()['focus']}")


def run(*arguments: object) -> list[Any]:
    """Run a command of the product; each line it prints with --json. Those that only read need no process."""
    if arguments[0] in READING:
        read = CliRunner().invoke(app, [*map(str, arguments), "--json"])
        assert read.exit_code == 0, read.output
        return [json.loads(line) for line in read.stdout.splitlines()]
    command = [sys.executable, "-m", "visualmemory_gui", *map(str, arguments), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
