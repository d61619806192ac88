"""gRPC: one way in (server) and one way out (client)."""
