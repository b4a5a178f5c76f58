"""What CONTRIBUTING promises an author: a module inside the branches is a file, a config class and a line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import gta

CONFIG = '''
@dataclass(frozen=True)
class FadeConfig(Branch):
    """A toy: what the branch reads fades from the first frame to the last."""

    kind: Literal["fade"] = "fade"
    rate: float = 0.5


if TYPE_CHECKING:'''
FILE = '''
import torch
from torch import nn


class Fade(nn.Conv2d):
    """The first convolution, of faded frames."""

    def forward(self, input):
        shares = self.rate ** torch.arange(self.frames).repeat(len(input) // self.frames)
        return super().forward(input * shares.view(-1, 1, 1, 1))


def fade(residual, config, frames, index):
    """Return the residual block with its first convolution replaced."""
    conv = residual.conv1
    residual.conv1 = Fade(conv.in_channels, conv.out_channels, 1, bias=False)
    residual.conv1.rate, residual.conv1.frames = config.rate, frames
    return residual
'''
IMPORTS = "from gta.backbones.branches.fade import fade\nfrom gta.config.branches import FadeConfig\n"
LINE = "\n    FadeConfig: fade,"
USE = """
import torch
from gta import ModelConfig, build_model
from gta.config import BackboneConfig, DataConfig, RunConfig, TrainConfig, run_from_dict, to_dict
from gta.config.branches import FadeConfig

backbone = BackboneConfig((1, 1, 1, 1), 8, "small", branch=FadeConfig(rate=0.25))
run = RunConfig("own", 0, ModelConfig(5, 8, backbone, places=()), DataConfig("own"), TrainConfig())
read = run_from_dict(to_dict(run))
assert read == run and read.id == run.id
scores = build_model(read.model)(torch.randn(1, 3, 8, 32, 32))
assert scores.shape == (1, 5) and read.model.backbone.knows_order
print("built", read.model.backbone.branch.kind)
"""


def test_a_module_is_a_file_a_class_and_a_line(tmp_path):
    """In a copy of the package, so that the class stands where its author would write it; stored configs hold it."""
    package = tmp_path / "gta"
    shutil.copytree(Path(gta.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    config = package / "config" / "branches.py"
    config.write_text(config.read_text("utf-8").replace("\nif TYPE_CHECKING:", CONFIG), "utf-8")
    (package / "backbones" / "branches" / "fade.py").write_text(FILE, "utf-8")
    table = package / "backbones" / "branches" / "__init__.py"
    text = table.read_text("utf-8").replace("    ShiftConfig: shifted,", "    ShiftConfig: shifted," + LINE)
    table.write_text(text.replace("from torch import nn\n", "from torch import nn\n" + IMPORTS), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "built fade\n"
