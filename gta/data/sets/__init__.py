"""The lists of the data sets: which clips a split has, with which labels, in which files."""
