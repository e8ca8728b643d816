"""BED: lines to columns (read), columns to lines (encode), files (write)."""
