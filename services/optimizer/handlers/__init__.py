"""Noting seats, running the rules, answering for recommendations."""
