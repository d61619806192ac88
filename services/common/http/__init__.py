"""HTTP: the server, and what its answers look like."""
