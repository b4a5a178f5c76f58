"""Stored runs and tables into a Weights & Biases project, for those who like to compare there."""
