"""Blocks that compare each frame with its neighbour, position by position."""
