"""Files: written whole or not at all, read with one line for every mistake."""

from gta.files.arrays import array_of, read_arrays, write_arrays
from gta.files.reading import open_regular, parse_json, read_bytes, read_json
from gta.files.writing import make_folder, replacing, sweep, write_bytes, write_json, write_text

__all__ = [
    "array_of",
    "make_folder",
    "open_regular",
    "parse_json",
    "read_arrays",
    "read_bytes",
    "read_json",
    "replacing",
    "sweep",
    "write_arrays",
    "write_bytes",
    "write_json",
    "write_text",
]
