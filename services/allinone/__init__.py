"""Every service in one process on embedded engines: the default on one machine, and the command line."""
