-- warm: somebody is about to read or to edit this push, so it is not folded soon. Slot {bot}.
-- KEYS 1 push
-- ARGV 1 now (unix s)
-- Replies 1 where it is folded, 0 where it is hot, -1 where nothing of it is kept. Idempotent.
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
redis.call('HSET', KEYS[1], 'used', ARGV[1])
return redis.call('HGET', KEYS[1], 'folded') == '1' and 1 or 0
