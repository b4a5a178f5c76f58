"""What is printed of the sizes of peers and blocks, and which figures nobody can explain.

Units are millions of parameters (``mparams``) and 10^9 multiply-accumulates a view (``gmacs``). The authors' figures
are those of their papers, of their public code or of the zoo that has their weights.
"""

from __future__ import annotations

import re

PUBLISHED = {"CGNL": 29.61, "GCNet": 24.33, "GloRe": 29.61}
"""Parameters, in millions, of R2D-50 with five blocks built as their authors describe them; the paper's are lost."""
AUTHORS: dict[tuple[str, str], dict[str, float]] = {
    ("tsm", "tsm"): {"gmacs": 33.0},
    ("tsm", "tsm/16f"): {"gmacs": 65.0},
    ("tsm_16", "tsm"): {"gmacs": 65.0},
    ("stm", "stm"): {"mparams": 24.0, "gmacs": 33.3},
    ("stm_16", "stm"): {"gmacs": 66.5},
    ("tea", "tea"): {"gmacs": 35.0},
    ("tea_16", "tea"): {"gmacs": 70.0},
    ("trn", "trn"): {"mparams": 18.3, "gmacs": 16.0},
    ("msnet", "msnet+ms"): {"mparams": 24.6, "gmacs": 34.0},
    ("msnet", "msnet+ms/16f"): {"mparams": 24.6, "gmacs": 67.0},
    ("eco", "eco"): {"mparams": 47.5, "gmacs": 64.0},
    ("blvnet", "blvnet"): {"mparams": 25.0, "gmacs": 23.8},
    ("blvnet_r101", "blvnet"): {"gmacs": 128.6},
    ("i3d", "i3d"): {"mparams": 28.0, "gmacs": 153.0},
    ("i3d", "i3d+nl"): {"mparams": 35.3, "gmacs": 168.0},
    ("s3dg", "s3dg"): {"mparams": 11.6, "gmacs": 71.4},
    ("corrnet", "corrnet+correlation"): {"gmacs": 115.0},
    ("tsm_k400", "tsm"): {"mparams": 24.3},
    ("blvnet_k400", "blvnet"): {"mparams": 25.0, "gmacs": 93.4},
    ("s3dg_k400", "s3dg"): {"mparams": 11.6, "gmacs": 71.4},
    ("corrnet_r101", "corrnet+correlation"): {"gmacs": 187.0},
}
"""What the authors of a peer print, by backbone and family: of 8 frames or as many as the name says, ECO 16, bLVNet-TAM
8 x 2 (101: 32 x 2), I3D and CorrNet 32, S3D-G 64 frames of 224 pixels; on Kinetics TSM 16 and bLVNet-TAM 24 x 2 frames
of 256. TRN's are those of TSM's table, and CorrNet's are not sure."""

PEERS = frozenset(re.split(r"[+/]", family)[0] for _, family in AUTHORS)
CLOSE = 0.02
"""Relative deviation from what is printed of a peer: authors round, some count batch norm, and their data sets have
other numbers of classes."""

CORRNET = "CorrNet: the authors' figures fit no reading of their text"
GATES = "S3D-G: the authors' 11.6 M fit no place of the gates"
MSNET = "MSNet: 24.6 M are .3 above the 24.3 of TSM for 400 classes; the block has .07"
NL = "I3D + NL: the authors' 168 G fit no reading of their text"
POOL = "I3D-R101 + NL: the paper's 359 G lie between keys pooled before and after"
S3D = "S3D: the authors' 66.4 G and 8.8 M fit no reading; torchvision's is like ours"
TRN = "TRN: 18.3 M would fit a head that is counted three times"
UNEXPLAINED = {
    ("i3d", "i3d+nl", "gmacs"): NL,
    ("s3dg", "s3dg", "mparams"): GATES,
    ("s3dg_k400", "s3dg", "mparams"): GATES,
    ("s3dg_k400", "s3dg", "gmacs"): "S3D-G on Kinetics: the paper's 143 G are two networks, of RGB and flow",
    ("msnet", "msnet+ms", "mparams"): MSNET,
    ("trn", "trn", "mparams"): TRN,
    ("corrnet", "corrnet+correlation", "gmacs"): CORRNET,
    ("corrnet_r101", "corrnet+correlation", "gmacs"): CORRNET,
}
"""Cells of peers that are not pinned, and why: backbone, family, quantity."""
