"""What happens on a batch of costs, on a tick of the clock, and on a question."""
