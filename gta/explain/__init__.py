"""Where a trained model looks, as arrays and as overlays on frames."""
