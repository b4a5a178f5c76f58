"""What one run does in its own process: fit, score, write what is left on disk, mirror it to W&B."""
