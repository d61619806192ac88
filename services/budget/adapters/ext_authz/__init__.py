"""Envoy's external authorization: the gRPC endpoint by which an Envoy asks whether a request fits the budgets."""
