-- When a key stops working by itself; 1970 means never. A key that is rotated may go on for a while beside its successor.
ALTER TABLE api_keys ADD COLUMN IF NOT EXISTS expires_at DateTime64(6, 'UTC') DEFAULT toDateTime64(0, 6, 'UTC');
