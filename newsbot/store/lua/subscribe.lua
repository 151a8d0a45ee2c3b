-- subscribe: one chat with its choices; the record and the bitmaps in one step. Slot {bot}.
-- KEYS 1 index bucket  2 next  3 prefix of the bot
-- ARGV 1 chat  2 language  3 since (unix s)  4 state  5 urgency  6 topics joined by "," ("" = every topic)
-- Replies {index, since}. An index is given once and never reused. Idempotent.
local prefix = KEYS[3]
local index = redis.call('HGET', KEYS[1], ARGV[1])
local since = ARGV[3]
if index then
  local record = redis.call('HGET', prefix .. 'chat:' .. math.floor(tonumber(index) / 128), index)
  if record and redis.call('GETBIT', prefix .. 'map:stopped', index) == 0 then
    since = string.match(record, ' (%d+)$')
  end
else
  index = tostring(redis.call('INCR', KEYS[2]) - 1)
end
redis.call('HSET', prefix .. 'chat:' .. math.floor(tonumber(index) / 128), index, ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. since)
local wanted = {}
for topic in string.gmatch(ARGV[6], '[^,]+') do
  wanted[topic] = true
  redis.call('SADD', prefix .. 'topics', topic)
end
for _, topic in ipairs(redis.call('SMEMBERS', prefix .. 'topics')) do
  redis.call('SETBIT', prefix .. 'map:topic:' .. topic, index, wanted[topic] and 1 or 0)
end
redis.call('SETBIT', prefix .. 'map:all', index, ARGV[6] == '' and 1 or 0)
for _, urgency in ipairs({'flash', 'breaking', 'normal'}) do
  redis.call('SETBIT', prefix .. 'map:floor:' .. urgency, index, urgency == ARGV[5] and 1 or 0)
end
for _, state in ipairs({'active', 'quarantined', 'stopped'}) do
  redis.call('SETBIT', prefix .. 'map:' .. state, index, state == ARGV[4] and 1 or 0)
end
-- Whoever chooses anew is neither waited for nor on the way out; what is stored as such begins its time anew.
redis.call('ZREM', prefix .. 'probes', index)
redis.call('HDEL', prefix .. 'probing', index)
redis.call('ZREM', prefix .. 'gone', index)
local place = string.match(ARGV[1], '^([^/]+)/')
if place then redis.call('SADD', prefix .. 'threads:' .. place, ARGV[1]) end
redis.call('HSET', KEYS[1], ARGV[1], index)
return {tonumber(index), tonumber(since)}
