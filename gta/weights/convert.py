"""Public Kinetics-400 weights of SlowFast as safetensors: ``python -m gta.weights.convert SOURCE TARGET``.

SOURCE is a checkpoint with PyTorchVideo's or PySlowFast's names, read without running code; the ``.pkl`` files of
PySlowFast's model zoo are pickles of Caffe2 and are refused. PyTorchVideo publishes the same networks as
``SLOWFAST_8x8_R50.pyth`` and ``SLOWFAST_8x8_R101.pyth`` (76.4 and 77.9 % top-1 there).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from gta.cli import Parser, command, parse
from gta.errors import UserError


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 after a user's mistake."""
    parser = Parser(
        "python -m gta.weights.convert",
        "Public Kinetics-400 weights of SlowFast as safetensors.",
        "SLOWFAST_8x8_R50.pyth slowfast.safetensors",
    )
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a checkpoint, such as SLOWFAST_8x8_R50.pyth")
    parser.add_argument("target", type=Path, metavar="TARGET", help="results/pretrained/SLOWFAST_8x8_R50.safetensors")
    options = parse(parser, arguments)
    count = convert(options.source, options.target)
    print(f"{options.target}: {count} tensors")
    return 0


def convert(source: Path, target: Path) -> int:
    """Write the weights of a SlowFast network by the names of :class:`gta.backbones.SlowFast`; return their number.

    Raises:
        UserError: the source cannot be read safely or is another network, or the target cannot be written.
    """
    from safetensors.torch import save

    from gta.files import make_folder, replacing
    from gta.weights.load import read
    from gta.weights.pyslowfast import from_pyslowfast

    if target.suffix != ".safetensors":
        raise UserError(f"{target} must end with .safetensors")
    weights = {name: value.contiguous() for name, value in from_pyslowfast(read(source)).items()}
    odd = [name for name in weights if not name.startswith(("slow.", "fast.", "fusions.", "fc."))]
    if odd or not weights:
        raise UserError(f"{source} holds no SlowFast by PyTorchVideo's or PySlowFast's names, but {', '.join(odd[:3])}")
    make_folder(target.parent)
    with replacing(target) as stream:
        stream.write(save(weights))
    return len(weights)


if __name__ == "__main__":
    sys.exit(main())
