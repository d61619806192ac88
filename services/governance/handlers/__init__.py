"""What happens on each call and on each batch of usage."""
