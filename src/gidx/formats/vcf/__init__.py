"""VCF: header, lines to columns (read), what a table declares (declare), lines again (encode)."""
