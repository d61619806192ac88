"""A made-up organisation that uses AI and reports it through the public HTTP API. It imports no other service."""
