"""Refused: why the bytes of an image are not decoded."""

from __future__ import annotations


class Refused(Exception):
    """Why an image is refused, in one sentence; becomes a BadImage that names the file."""
