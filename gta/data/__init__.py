"""From bytes to clips: the drawn data set, Something-Something's files, decoding, sampling, batches."""
