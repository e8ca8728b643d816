"""What the lines of a text format mean: header to schema, fields to columns. No files."""
