"""From a file or a folder of pictures to frames: decoders, orientation, deadlines, damage."""
