"""Strikes out the exemplars of a shared memory one after the other, saying each that is acknowledged; to be killed."""

from __future__ import annotations

import sys

from tests.engine.shared_memory.conftest import opened
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer


def main(uri: str, collection: str) -> None:
    """Goes on from the first that is not struck out."""
    server = MilvusServer(uri, name="the server")
    with opened(server, collection) as shared:
        for page in shared.catalog.pages(state="active"):
            for exemplar in page:
                shared.strike([exemplar.id])
                print(exemplar.id, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
