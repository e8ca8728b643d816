"""VCF: header, columns, lines to them (read), what a table declares, lines again (encode)."""
