-- mark: how far this Redis has come, as one data folder knows it. Slot {bot}, or {news}.
-- KEYS 1 mark
-- ARGV 1 data folder  2 how far that folder saw it come (unix s), or 0  3 seconds that may be missing
-- Replies {1, the mark it has now}; {0, the mark it had} where more is missing, and then nothing is written.
-- The mark never goes back, so a clock that was put back says nothing.
local found, seen = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0'), tonumber(ARGV[2])
if found < seen - tonumber(ARGV[3]) then return {0, found} end
local now = math.max(tonumber(redis.call('TIME')[1]), found, seen)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now))
return {1, now}
