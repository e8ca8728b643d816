"""SAM text: read."""
