"""What writes docs/reference: one generator a file."""
