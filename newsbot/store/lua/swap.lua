-- swap: one part of a record takes the place of another. Slot {bot}.
-- KEYS 1 push  2 record
-- ARGV 1 field  2 sha1 (hex) of what it must still be  3 what it is then
-- Replies 1; 0 where it is another by now, or gone.
local had = redis.call('HGET', KEYS[2], ARGV[1])
if not had or redis.sha1hex(had) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
-- Whoever unfolds it just now has read what was there before.
redis.call('HINCRBY', KEYS[1], 'cleared', 1)
return 1
