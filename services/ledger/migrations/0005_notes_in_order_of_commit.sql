-- Which of two writers noted its block first is told by the order in which their notes were committed, not by a clock:
-- _block_number, which a merge keeps.
ALTER TABLE ledger_blocks MODIFY SETTING enable_block_number_column = 1;
