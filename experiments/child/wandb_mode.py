"""Whether W&B runs go to the server: what was asked for, and whether a key is there."""

from __future__ import annotations

import os

from gta.errors import UserError

MODES = ("offline", "online", "disabled")


def wandb_mode(asked: str | None) -> str:
    """Return one of ``MODES``: what was asked for, else ``$WANDB_MODE``, else online where there is a key.

    Raises:
        UserError: online was asked for and there is no key.
    """
    if asked is None:
        own = os.environ.get("WANDB_MODE", "")
        if own in MODES:
            return own
        return "online" if os.environ.get("WANDB_API_KEY") else "offline"
    if asked == "online" and not os.environ.get("WANDB_API_KEY") and not _in_netrc():
        raise UserError("--wandb online needs a key: set WANDB_API_KEY or run `wandb login`; or use --wandb offline")
    return asked


def _in_netrc() -> bool:
    import netrc
    from urllib.parse import urlparse

    host = urlparse(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False
