-- look: a quarantined chat was looked at and stays what it is. Slot {bot}.
-- KEYS 1 index bucket  2 prefix of the bot
-- ARGV 1 chat  2 tries without success so far  3 when it is looked at next (unix s)  4 now (unix s)
-- Replies 1; 0 where it is not quarantined any more. Idempotent.
local prefix = KEYS[2]
local index = redis.call('HGET', KEYS[1], ARGV[1])
if not index or redis.call('GETBIT', prefix .. 'map:quarantined', index) == 0 then return 0 end
local since = string.match(redis.call('HGET', prefix .. 'probing', index) or '', ' (.*)$') or ARGV[4]
redis.call('HSET', prefix .. 'probing', index, ARGV[2] .. ' ' .. since)
redis.call('ZADD', prefix .. 'probes', ARGV[3], index)
return 1
