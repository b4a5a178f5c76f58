"""The embedded data set: templates, shapes and scenes, drawn frame by frame, encoded and written to disk."""
