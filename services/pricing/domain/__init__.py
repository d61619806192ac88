"""What a use of AI costs, and what a second record of the same use changes. Pure."""
