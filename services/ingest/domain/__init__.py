"""What an event must look like, and how each source's own object becomes one. No I/O, no clock."""
