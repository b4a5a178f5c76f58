"""The weights that a backbone starts from: found, read safely, or trained on drawn stills."""
