"""From a plan to finished runs: what must stand first, child processes here or on Slurm, signals, progress, status."""
