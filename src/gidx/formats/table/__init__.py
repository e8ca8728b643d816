"""Any table with a chrom and positions: read, encode, write."""
