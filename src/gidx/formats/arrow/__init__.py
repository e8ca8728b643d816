"""Arrow IPC, files and streams: `read`, `write`."""
