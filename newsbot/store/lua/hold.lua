-- hold: a lease. Slot {bot}.
-- KEYS 1 lease
-- ARGV 1 owner  2 milliseconds (0 gives it back)
-- Replies 1 to the holder (taken now, or renewed), 0 to everybody else.
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
