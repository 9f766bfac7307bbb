"""The system's keyring, where the user's keys are kept. The package that reaches it is an extra."""

from __future__ import annotations

from importlib.util import find_spec

from visualmemory_gui.engine.errors import BadValue


def is_reachable() -> bool:
    """Whether the package that reaches it is installed."""
    return find_spec("keyring") is not None


def secret_of(service: str, user: str) -> str | None:
    """What is kept for ``user`` of ``service``; None for nothing, and where there is no keyring, or it is locked."""
    if not is_reachable():
        return None
    import keyring  # optional, and slow to load
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(service, user)
    except (KeyringError, OSError):
        return None


def keep_secret(service: str, user: str, secret: str) -> None:
    """Keep ``secret``. Raises BadValue where the keyring does not take it."""
    import keyring  # optional, and slow to load
    from keyring.errors import KeyringError

    try:
        keyring.set_password(service, user, secret)
    except (KeyringError, OSError) as error:
        raise BadValue("the system's keyring did not take the key") from error
