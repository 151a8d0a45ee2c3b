-- tick: digests are made up to a later moment, if they are made up to that one. Slot {news}.
-- KEYS 1 digested
-- ARGV 1 until (unix s)  2 up to when they are made, "" where they never were
-- Replies 1; 0 where somebody else went on. Idempotent.
local known = redis.call('GET', KEYS[1]) or ''
if known == ARGV[1] then return 1 end
if known ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
