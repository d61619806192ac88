"""Use cases of pricing: answering for prices, and rating the usage log."""
