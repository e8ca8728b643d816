"""bigBed: read, written, proved."""
