"""What the config of every block has in common."""

from __future__ import annotations

from gta.config.identity import Checked


class Block(Checked):
    """What the config of a block says of itself; ``str`` of one is its name for people."""

    kind: str

    @property
    def family(self) -> str:
        """Rows share tuned settings when their temporal blocks are of one family."""
        return self.kind

    @property
    def knows_order(self) -> bool:
        """Whether its output can change with the order of frames by more than that order."""
        return False

    @property
    def least_frames(self) -> int:
        """The fewest frames that it can be built for."""
        return 1

    def __str__(self) -> str:
        return self.kind
