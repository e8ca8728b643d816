"""Lines of text by an index, of any dialect: open, read, write, index, proof."""
