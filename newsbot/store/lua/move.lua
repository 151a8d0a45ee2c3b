-- move: a chat has a new address; index, choices and history stay. Slot {bot}.
-- KEYS 1 old index bucket  2 new index bucket  3 prefix of the bot
-- ARGV 1 old chat  2 new chat
-- Replies 1 when moved, 0 when the old one is unknown, 2 where the new address is subscribed itself: the old one is to stop.
local prefix = KEYS[3]
local index = redis.call('HGET', KEYS[1], ARGV[1])
if not index then return 0 end
if ARGV[1] == ARGV[2] then return 1 end
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 2 end
local shard = prefix .. 'chat:' .. math.floor(tonumber(index) / 128)
local rest = string.match(redis.call('HGET', shard, index), '^%S+( .*)$')
redis.call('HSET', KEYS[2], ARGV[2], index)
redis.call('HSET', shard, index, ARGV[2] .. rest)
local before, after = string.match(ARGV[1], '^([^/]+)/'), string.match(ARGV[2], '^([^/]+)/')
if before then redis.call('SREM', prefix .. 'threads:' .. before, ARGV[1]) end
if after then redis.call('SADD', prefix .. 'threads:' .. after, ARGV[2]) end
redis.call('HDEL', KEYS[1], ARGV[1])
return 1
