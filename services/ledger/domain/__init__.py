"""Rules of the ledger: what a row is, where blocks are cut, what a query may ask. No input or output."""
