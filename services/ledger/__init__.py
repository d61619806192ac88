"""The ledger: the store of record. Every cost, its corrections, and the sums over them."""
