"""What knows neither Arrow nor any format: regions, ranges of files, sources, names."""
