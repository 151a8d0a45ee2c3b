-- move: a chat has a new address; index, choices and history stay. Slot {bot}.
-- KEYS 1 old index bucket  2 new index bucket  3 prefix of the bot
-- ARGV 1 old chat  2 new chat
-- Replies 1 when moved, 0 when the old one is unknown. Where the new address is subscribed itself, the old one stops.
local prefix = KEYS[3]
local index = redis.call('HGET', KEYS[1], ARGV[1])
if not index then return 0 end
if ARGV[1] == ARGV[2] then return 1 end
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then
  for _, state in ipairs({'active', 'quarantined', 'stopped'}) do
    redis.call('SETBIT', prefix .. 'map:' .. state, index, state == 'stopped' and 1 or 0)
  end
  return 1
end
local shard = prefix .. 'chat:' .. math.floor(tonumber(index) / 128)
local rest = string.match(redis.call('HGET', shard, index), '^%S+( .*)$')
redis.call('HSET', KEYS[2], ARGV[2], index)
redis.call('HSET', shard, index, ARGV[2] .. rest)
redis.call('HDEL', KEYS[1], ARGV[1])
return 1
