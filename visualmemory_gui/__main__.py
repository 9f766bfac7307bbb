"""``python -m visualmemory_gui`` is the command ``visualmemory``."""

from __future__ import annotations

from visualmemory_gui.cli.main import main

if __name__ == "__main__":
    main()
