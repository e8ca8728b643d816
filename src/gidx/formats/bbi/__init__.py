"""What bigBed and bigWig files have in common."""
