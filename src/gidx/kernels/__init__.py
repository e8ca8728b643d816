"""Hot loops, compiled by numba: plain loops over typed arrays, no objects, no files."""
