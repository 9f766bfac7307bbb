"""Exit codes beyond 0, 1 (a reported error) and 2 (usage)."""

from __future__ import annotations

STOPPED = 130  # what a shell reports for a program ended by Ctrl-C
