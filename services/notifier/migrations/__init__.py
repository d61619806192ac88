"""The tables of the notifier."""
