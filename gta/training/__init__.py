"""The LightningModule, its optimiser, checkpoints and batch-norm statistics."""
