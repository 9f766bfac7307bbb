"""Tables as data frames of pandas, which is an extra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

MISSING = "a data frame needs the package pandas: pip install 'visualmemory_gui[pandas]'"


def data_frame(
    columns: Mapping[str, Sequence[object]],
    *,
    index: str,
    kinds: Mapping[str, str] | None = None,
    times: Sequence[str] = (),
) -> DataFrame:
    """The ``columns`` as a data frame with one of them as its ``index``.

    ``kinds`` are pandas' dtypes of some; ``times`` are columns of seconds since the epoch, which become times in UTC.
    Raises ImportError where pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError(MISSING) from None
    frame = pandas.DataFrame(columns).astype(dict(kinds or {}))
    for name in times:
        frame[name] = pandas.to_datetime(frame[name], unit="s", utc=True)
    return frame.set_index(index)
