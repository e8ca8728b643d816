"""Looking at data: pictures, notebooks, alignments."""
