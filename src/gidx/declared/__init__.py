"""What AutoSQL makes of columns: which there are, what a table is declared as, what BED holds."""
