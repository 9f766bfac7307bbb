"""What the window needs of this computer, found out by starting Qt; called in a child process, which that may end."""

from __future__ import annotations

import os
import sys


def qt() -> dict[str, object]:
    """The version of Qt, its platform, how many families of fonts there are, and whether there is a display.

    Without a display Qt starts off the screen. A library that is missing raises ImportError or ends the process, after
    Qt has named it on stderr.
    """
    display = bool(sys.platform != "linux" or {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"} & os.environ.keys())
    if not display:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_DEBUG_PLUGINS"] = "1"
    from PySide6 import QtCore, QtGui, QtSvg, QtWidgets  # noqa: F401  # late: they may be broken

    app = QtGui.QGuiApplication([])
    families = len(QtGui.QFontDatabase.families())
    return {
        "version": QtCore.qVersion(),
        "platform": app.platformName(),
        "families": families,
        "display": display,
    }
