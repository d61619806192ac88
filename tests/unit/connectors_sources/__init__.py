"""The polled sources, against a local HTTP server that answers as their vendors do."""
