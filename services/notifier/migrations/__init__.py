"""The table of the notifier."""
