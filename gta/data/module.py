"""The LightningDataModule of every data set: prepare, cache or decode, and load in a reproducible order."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray

from gta.config import DataConfig, ViewsConfig
from gta.config.views import View, view_list
from gta.data import flow
from gta.data.cache import open_cache
from gta.data.dataset import ClipDataset
from gta.data.drawn.make import embedded_info, ensure_embedded
from gta.data.epoch import EpochSampler
from gta.data.loader import ClipLoader, freeze, keep
from gta.data.proposals import Proposals
from gta.data.read.reader import choose_reader
from gta.data.sets.damage import Damage
from gta.data.sets.formats import OWN, read_part, read_split
from gta.data.sets.listed import folders_text
from gta.data.sets.own import write_split
from gta.data.sets.splits import Split, SplitName, compare, label_fingerprint
from gta.data.transforms import doubtful_mirror
from gta.errors import UserError
from gta.parallel import Progress

Role = Literal["train", "validation"]
_LOG = logging.getLogger(__name__)


class VideoDataModule(pl.LightningDataModule):
    """Training and validation clips of an embedded data set, of Something-Something v1 or v2, or of Kinetics-400.

    Batches are :class:`gta.data.dataset.Batch`. The trainer must be told ``use_distributed_sampler=False``: the
    samplers share an epoch among processes themselves, and evaluation repeats no clip.
    """

    def __init__(
        self,
        data: DataConfig,
        root: Path,
        batch_size: int,
        seed: int,
        workers: int = 0,
        jobs: int | None = None,
        progress: Progress | None = None,
        views: Sequence[ViewsConfig] = (ViewsConfig(),),
        decoder: str | None = None,
        timeout: float = 60.0,
        allow_unreadable: bool = False,
        damaged: float | None = None,
    ) -> None:
        """Describe the data; nothing is read yet.

        Args:
            data: which clips and how they are seen. ``evaluation_split`` plays the part of "validation".
            root: for an embedded set the folder that holds the sets' folders, otherwise the data set's own folder.
            batch_size: clips a batch, in each process.
            seed: of the order and the augmentation.
            workers: loader processes; they do not change a single sample.
            jobs: processes that draw and decode an embedded set.
            progress: called with (clips done, clips in all) while a set is made.
            views: of evaluation; with more than one in all, batches carry the number of the ``view``.
            decoder: ``pyav`` or ``torchcodec``, which give the same pixels; None: the environment's ``GTA_DECODER``.
            timeout: seconds that reading one clip may take.
            allow_unreadable: batches of evaluation mark clips that cannot be read as ``unreadable``, for their
                scores to be counted as wrong; otherwise such a clip is an error.
            damaged: largest part of the training clips that may be replaced because they cannot be read; None: 0.1 %.

        Raises:
            UserError: there is no such decoder here.
        """
        super().__init__()
        self.data, self.root = data, Path(root)
        self.batch_size, self.seed, self.workers = batch_size, seed, workers
        self.views: tuple[View, ...] = view_list(views)
        """Every view by its number."""
        self._views, self._allow_unreadable = tuple(views), allow_unreadable
        self._reader = dataclasses.replace(choose_reader(decoder, timeout), flow=data.modality == "flow")
        self._jobs, self._progress = jobs, progress
        self._damaged = damaged
        self._damage: Damage | None = None
        self._splits: dict[Role, Split] = {}
        self._datasets: dict[Role, ClipDataset] = {}
        self._fingerprints: dict[Role, str] = {}

    # ------------------------------------------------------------------------------------ contents
    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, sorted; position is the label."""
        return self._split("train").labels

    @property
    def fingerprint(self) -> str:
        """sha256 over labels and clips (for embedded sets also the video bytes) of both splits."""
        self._split("train"), self._split("validation")
        parts = [label_fingerprint(self.labels), self._fingerprints["train"], self._fingerprints["validation"]]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def evaluation_fingerprint(self) -> str:
        """The same over the labels and the clips of the evaluation split alone, whatever is trained on."""
        self._split("validation")
        parts = [label_fingerprint(self.labels), self._fingerprints["validation"]]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def label_fingerprint(self) -> str:
        """12 hex digits that identify the classes and their order; a checkpoint belongs to one of them."""
        return label_fingerprint(self.labels)

    @property
    def damage(self) -> Damage:
        """What training could not read so far in this process."""
        if self._damage is None:
            self._damage = Damage(self._split("train"), self._damaged)
        return self._damage

    def missing(self, role: Role) -> tuple[str, ...]:
        """Ids that the list of a split names and that this copy of a data set lacks (Kinetics)."""
        return self._split(role).missing

    def clip_ids(self, role: Role) -> tuple[str, ...]:
        """Ids of the clips of a split; a batch's ``index`` is a position here."""
        return tuple(clip.id for clip in self._split(role).clips)

    # ------------------------------------------------------------------------------------ Lightning
    def prepare_data(self) -> None:
        """Draw an embedded set and decode it into its cache, or split anybody's own videos, unless that is done."""
        if self.data.dataset == OWN.name:
            write_split(self.root)
        if self.data.drawn:
            for role in ("train", "validation"):
                self.dataset(role)

    def setup(self, stage: str | None = None) -> None:
        """Read the lists of clips and open the caches.

        Raises:
            UserError: a list is malformed, or the lists contradict each other.
        """
        self.dataset("validation")
        if stage in (None, "fit"):
            self.dataset("train")
            if not self.data.drawn:
                self._compare()

    def train_dataloader(self) -> ClipLoader:
        """Shuffled by (seed, epoch), augmented by (seed, epoch, index); an incomplete last batch is left out."""
        # A resumed fit asks for its loader before it announces the epoch; workers fetch ahead at once.
        start = 0
        if self.trainer is not None:
            start = int(self.trainer.fit_loop.epoch_progress.current.state_dict()["processed"])
        return self._loader("train", start)

    def val_dataloader(self) -> ClipLoader:
        """Every view of every clip once, in the order of the list; the views of a clip together."""
        return self._loader("validation", 0)

    def predict_dataloader(self) -> ClipLoader:
        """As :meth:`val_dataloader`: what is scored at the end."""
        return self.val_dataloader()

    # ------------------------------------------------------------------------------------ parts
    def dataset(self, role: Role) -> ClipDataset:
        """Return the data set of a split; an embedded one is made and cached first."""
        if role not in self._datasets:
            split = self._split(role)
            frames, training = self._cache(role, split), role == "train"
            count = self.data.proposals
            regions = Proposals(self._folder(role), split.clips, count) if count else None
            reader, allow = self._reader, self._allow_unreadable
            self._datasets[role] = ClipDataset(
                split, self.data, self.seed, training, frames, self._views, reader, allow, regions
            )
        return self._datasets[role]

    def _split(self, role: Role) -> Split:
        if role not in self._splits:
            name: SplitName = "train" if role == "train" else self.data.evaluation_split
            folder = self._folder(role)
            split = read_split(folder, name) if self.data.drawn else read_part(folder, name, self.data)
            if self.data.drawn:
                self._fingerprints[role] = str(embedded_info(folder)["splits"][name]["sha256"])
            else:
                lines = "\n".join(f"{clip.id};{clip.template}" for clip in split.clips)
                self._fingerprints[role] = hashlib.sha256(lines.encode()).hexdigest()
            if split.missing:
                listed = len(split.clips) + len(split.missing)
                known = f"{', '.join(split.missing[:3])}; looked in {folders_text(split.looked)}"
                _LOG.warning("%s lacks %d of %d clips of %s: %s", folder, len(split.missing), listed, name, known)
            if self.data.modality == "flow" and not self.data.drawn:
                split = flow.of_split(split, folder)
            self._splits[role] = split
        return self._splits[role]

    def _compare(self) -> None:
        """Refuse two lists that contradict each other; warn of what makes figures doubtful."""
        train, name = self._split("train"), self.data.evaluation_split
        found = compare(("train", name), train, self._split("validation"))
        if found.contradiction:
            raise UserError(f"{self.root}: {found.contradiction}")
        if found.overlap:
            _LOG.warning("%s: %s", self.root, found.overlap)
        if self.data.flip and (doubt := doubtful_mirror(train.labels)):
            _LOG.warning("%s: %s", self.root, doubt)

    def _folder(self, role: Role) -> Path:
        """Return the folder that holds a split; evaluation clips lie in the one that all training draws share."""
        drawing = self.data.drawing
        if drawing is None:
            return self.root
        drawing, split = (drawing, "train") if role == "train" else (drawing.shared, self.data.evaluation_split)
        return ensure_embedded(self.root, drawing, self.data.dataset, self._jobs, self._progress, (split,))

    def _cache(self, role: Role, split: Split) -> NDArray[np.uint8] | None:
        if not self.data.drawn:
            return None
        name = "train" if role == "train" else self.data.evaluation_split
        folder = self._folder(role) / "cache"
        drawing = self.data.drawing if self.data.modality == "flow" else None
        sha, size = self._fingerprints[role], self.data.resize
        return open_cache(folder, name, split, sha, size, self._jobs, self._progress, drawing)

    def _loader(self, role: Role, start_epoch: int) -> ClipLoader:
        dataset = self.dataset(role)
        rank, world = (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)
        training, views = role == "train", len(dataset.views)
        loader = ClipLoader(
            dataset,
            batch_size=self.batch_size,
            sampler=EpochSampler(len(dataset), self.seed, training, start_epoch, rank, world, views),
            num_workers=self.workers,
            collate_fn=keep,
            worker_init_fn=freeze,
            drop_last=training,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),  # copies to a GPU then run beside its work
        )
        loader.damage = self.damage if training else None
        return loader
