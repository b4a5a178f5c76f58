"""Networks for ``torch.hub``: ``torch.hub.load("OWNER/REPOSITORY", "tiny_r2d_gta")``."""

from __future__ import annotations

from gta.pretrained import PretrainedRecognizer, load

dependencies = ["torch", "torchvision", "numpy", "safetensors", "pydantic"]


def tiny_r2d_gta(pretrained: bool = True) -> PretrainedRecognizer:
    """Return a narrow R2D with SA + GTA for the 24 drawn templates, uint8 clips (B, 3, 8, 32, 32) -> (B, 24).

    Args:
        pretrained: with the trained weights; otherwise with random ones.
    """
    trained = load("tiny-r2d-gta")
    if pretrained:
        return trained
    mean, std = ((value / 255).flatten().tolist() for value in (trained.mean, trained.std))
    return PretrainedRecognizer(trained.run, trained.labels, mean, std).eval()
