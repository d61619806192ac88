"""Use cases of the ledger: write a batch, answer a question, reconcile."""
