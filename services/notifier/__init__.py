"""The notifier: tells people what happened, each destination once."""
