"""bigWig files, read and written."""
