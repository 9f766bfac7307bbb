"""Frames of real videos, small ones made here; damaged ones give what comes before the damage, or a clear refusal."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from visualmemory_gui.engine.errors import BadImage, BadValue, Cancelled, ExchangeError
from visualmemory_gui.engine.exchange import video_frames
from visualmemory_gui.engine.exchange.video_frames import SavedFrames, looks_like_video, save_frames


def film(path: Path, *, seconds: int = 5, rate: int = 10) -> Path:
    """A video that gets redder by 5 with each of its frames; a key frame a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 160, 120, "yuv420p", rate
        for at in range(seconds * rate):
            pixels = np.zeros((120, 160, 3), np.uint8)
            pixels[..., 0] = at * 5 % 250
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def pixels_of(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image)


def reds(folder: Path) -> list[int]:
    return [int(pixels_of(file)[60, 80, 0]) for file in sorted(folder.iterdir())]


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv", ".avi"])
def test_a_frame_is_taken_every_so_many_seconds(ending: str, tmp_path: Path) -> None:
    video, seen = film(tmp_path / f"a{ending}"), []
    saved = save_frames(
        video, tmp_path / "f", every_s=1, report=lambda done, total, what="": seen.append((done, total))
    )
    assert saved == SavedFrames(str(tmp_path / "f"), 5) and looks_like_video(video)
    names = [f"{at + 1:04d} 0m0{at}s.jpg" for at in range(5)]
    assert names_in(tmp_path / "f") == names and seen == [(at, 5) for at in range(1, 6)]
    assert np.abs(np.array(reds(tmp_path / "f")) - [0, 50, 100, 150, 200]).max() <= 5


def test_far_apart_frames_are_sought_and_near_ones_are_all_there(tmp_path: Path) -> None:
    video = film(tmp_path / "a.mp4", seconds=21)
    assert save_frames(video, tmp_path / "far", every_s=10).frames == 3
    assert names_in(tmp_path / "far") == ["0001 0m00s.jpg", "0002 0m10s.jpg", "0003 0m20s.jpg"]
    assert save_frames(film(tmp_path / "b.mkv"), tmp_path / "all", every_s=0.1).frames == 50
    assert "0002 0m00.10s.jpg" in names_in(tmp_path / "all")


def test_a_turned_video_is_upright(tmp_path: Path) -> None:
    data = bytearray(film(tmp_path / "a.mp4", seconds=1).read_bytes())
    at = data.index(b"\0\1\0\0" + bytes(12) + b"\0\1\0\0", data.index(b"tkhd"))  # the matrix that says "as it is"
    data[at : at + 20] = b"\0" * 4 + b"\0\1\0\0" + bytes(4) + b"\xff\xff\0\0" + bytes(4)
    (tmp_path / "a.mp4").write_bytes(data)
    assert save_frames(tmp_path / "a.mp4", tmp_path / "f").frames == 1
    assert pixels_of(next((tmp_path / "f").iterdir())).shape == (160, 120, 3)


def test_a_damaged_video_gives_what_comes_before(tmp_path: Path) -> None:
    data = film(tmp_path / "a.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    saved = save_frames(tmp_path / "cut.mkv", tmp_path / "f", every_s=1)
    assert 1 <= saved.frames < 5 and saved.frames == len(names_in(tmp_path / "f"))
    assert saved.reason.startswith("the video is damaged or incomplete") and "; read up to 0m0" in saved.reason


def test_what_is_no_video_or_cannot_be_read_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.mp4").read_bytes()
    list_of_files = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    bad = {
        "cut.mp4": (whole[: len(whole) // 2], "damaged or incomplete"),
        "text.mp4": (b"no video", "not a video in a format"),
        "list.mp4": (list_of_files, "not a video in a format"),
        "noise.mkv": (b"\x1a\x45\xdf\xa3" + np.random.default_rng(0).bytes(5000), "damaged or incomplete"),
    }
    for name, (data, words) in bad.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadImage, match=words):
            save_frames(tmp_path / name, tmp_path / "f")
    os.mkfifo(tmp_path / "pipe.mp4")
    for path, words in (
        (tmp_path / "pipe.mp4", "a pipe"),
        (tmp_path / "gone.mp4", "No such file"),
        (tmp_path, "folder"),
    ):
        with pytest.raises(BadImage, match=words):
            save_frames(path, tmp_path / "f")
    for every in (0, -1, float("nan"), 1e9):
        with pytest.raises(BadValue):
            save_frames(tmp_path / "a.mp4", tmp_path / "f", every_s=every)
    assert not (tmp_path / "f").exists()


def test_a_stop_a_full_folder_and_too_many_frames_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int, _total: int | None, _what: str = "") -> None:
        if done == 2:
            raise Cancelled

    video = film(tmp_path / "a.mp4")
    with pytest.raises(Cancelled):
        save_frames(video, tmp_path / "f", every_s=1, report=stop)
    with pytest.raises(ExchangeError, match="not empty"):
        save_frames(video, tmp_path)
    monkeypatch.setattr(video_frames, "MOST_FRAMES", 3)
    with pytest.raises(BadValue, match="less often"):
        save_frames(video, tmp_path / "f", every_s=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4"]
