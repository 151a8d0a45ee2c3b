-- doubts: what is in doubt and not settled, oldest first, and what time it is by the same clock. Slot {bot}.
-- KEYS 1 doubts
-- ARGV 1 the most
-- Replies {now (ms), member, since (ms), member, since (ms), …}
local found = redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1, 'WITHSCORES')
local now = clock()
return {now, unpack(found)}
