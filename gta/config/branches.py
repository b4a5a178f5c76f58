"""Configs of the modules inside the residual branch of a bottleneck block: TSM, STM, TEA, TAM; Res2Net under TEA."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Literal

from gta.config.identity import Checked, require


class Branch(Checked):
    """What the config of such a module says of itself; ``str`` of one is the name of its network for people."""

    kind: str

    @property
    def knows_order(self) -> bool:
        """Whether the network's scores can change with the order of frames."""
        return True

    @property
    def still(self) -> Branch | None:
        """What is left of it where there is one frame; its network's weights are what this one starts from."""
        return None

    def check_width(self, width: int) -> None:
        """Raise ``ValueError`` when it does not fit residual blocks whose narrowest have ``width`` planes."""

    def _require_reduced(self, channels: int) -> None:
        reduction = getattr(self, "reduction", 1)
        require(
            channels >= reduction,
            f"{type(self).__name__}.reduction is {reduction}; it must leave one of the {channels} channels of res2",
        )


@dataclass(frozen=True)
class ShiftConfig(Branch):
    """TSM (Lin et al., ICCV 2019): an eighth of the channels comes from each neighbouring frame.

    In a :class:`BackboneConfig` it is the field ``shift_every``.
    """

    kind: Literal["shift"] = "shift"
    every: int = 1
    """The residual blocks of a stage that are shifted: the first, and every so many after it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "every")

    def __str__(self) -> str:
        return "TSM"


@dataclass(frozen=True)
class StmConfig(Branch):
    """STM (Jiang et al., ICCV 2019): a channel-wise temporal convolution, and the motion between frames beside it."""

    kind: Literal["stm"] = "stm"
    reduction: int = 16
    """The motion is looked for in 1 / reduction of the planes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "reduction")

    def check_width(self, width: int) -> None:
        """Motion needs a channel."""
        self._require_reduced(width)

    def __str__(self) -> str:
        return "STM"


@dataclass(frozen=True)
class Res2NetConfig(Branch):
    """Res2Net (Gao et al., TPAMI 2019): the 3x3 convolution as a cascade of narrow ones; nothing in time."""

    kind: Literal["res2net"] = "res2net"
    base_width: int = 26
    """Channels of a split are ``floor(planes * base_width / 64)``."""
    scale: int = 4
    """Splits; the last one has no convolution."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "base_width")
        self._require_at_least(2, "scale")

    def split(self, planes: int) -> int:
        """Return the channels of a split."""
        return planes * self.base_width // 64

    @property
    def knows_order(self) -> bool:
        """It sees each frame alone."""
        return False

    @property
    def still(self) -> Res2NetConfig:
        """Itself, or Res2Net under TEA."""
        return Res2NetConfig(base_width=self.base_width, scale=self.scale)

    def check_width(self, width: int) -> None:
        """A split needs two channels, one from each neighbouring frame."""
        require(
            self.split(width) >= 2,
            f"{type(self).__name__}.base_width is {self.base_width}; "
            f"of {width} planes it leaves {self.split(width)} channels a split, 2 or more are needed",
        )

    def __str__(self) -> str:
        return "Res2Net"


@dataclass(frozen=True)
class TeaConfig(Res2NetConfig):
    """TEA (Li et al., CVPR 2020): motion excitation, then Res2Net's cascade with a temporal convolution a split."""

    kind: Literal["tea"] = "tea"  # type: ignore[assignment]
    reduction: int = 16
    """The motion is looked for in 1 / reduction of the channels of all splits."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_at_least(1, "reduction")

    @property
    def knows_order(self) -> bool:
        """By its temporal convolutions and differences."""
        return True

    def check_width(self, width: int) -> None:
        """Splits and motion need channels."""
        super().check_width(width)
        self._require_reduced(self.scale * self.split(width))

    def __str__(self) -> str:
        return "TEA"


@dataclass(frozen=True)
class TamConfig(Branch):
    """TAM (Fan et al., NeurIPS 2019): three taps a channel over time before the first convolution of every branch."""

    kind: Literal["tam"] = "tam"
    start: Literal["kaiming", "identity"] = "kaiming"
    """Taps drawn with a standard deviation of sqrt(2 / C), as the authors' code draws them, or (0, 1, 0)."""

    def __str__(self) -> str:
        return "TAM"


if TYPE_CHECKING:
    BranchConfig = Branch
else:  # what a stored config may hold: every one above, told apart by its kind
    BranchConfig = reduce(or_, (own for own in vars().values() if isinstance(own, type) and Branch in own.__mro__[1:]))
