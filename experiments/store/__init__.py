"""Runs on disk: what a run leaves, read into values of known types; what is damaged is named and left out."""
