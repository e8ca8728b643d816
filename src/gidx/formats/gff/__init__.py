"""GFF3 and GTF: lines to columns (read), columns to lines (encode), files (write)."""
