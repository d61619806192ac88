"""From a request's bytes to its items, and the answer."""
