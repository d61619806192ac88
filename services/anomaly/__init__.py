"""The anomaly service: money that went wrong, found from the costs as they come in, with its cause and its dollars."""
