"""Tools over a whole data set: survey it, convert its lists, encode its clips anew."""
