-- state: a chat becomes active, quarantined or stopped, with all that follows. Slot {bot}.
-- KEYS 1 index bucket  2 prefix of the bot
-- ARGV 1 chat  2 state  3 now (unix s)  4 when it is looked at first if it is quarantined (unix s)
--      5 the only state it may come from, or ""
-- Replies 1; 0 where nobody is stored, or ARGV 5 is another state than its own.
-- Idempotent: who is quarantined or stopped already keeps the time of it. Who stopped is not quarantined: a refusal that
-- comes in late must not bring back, by a look that succeeds, whoever has left.
local prefix, state, now = KEYS[2], ARGV[2], ARGV[3]
local index = redis.call('HGET', KEYS[1], ARGV[1])
if not index then return 0 end
local function is(name) return redis.call('GETBIT', prefix .. 'map:' .. name, index) == 1 end
if ARGV[5] ~= '' and not is(ARGV[5]) then return 0 end
if state == 'quarantined' and is('stopped') then return 1 end
-- Whoever is back gets with its next digest what waited since the last one that reached it.
if state == 'active' and is('quarantined') then redis.call('HSETNX', prefix .. 'starts', index, 0) end
for _, name in ipairs({'active', 'quarantined', 'stopped'}) do
  redis.call('SETBIT', prefix .. 'map:' .. name, index, name == state and 1 or 0)
end
if state == 'quarantined' then
  redis.call('HSETNX', prefix .. 'probing', index, '0 ' .. now)
  redis.call('ZADD', prefix .. 'probes', 'NX', ARGV[4], index)
else
  redis.call('ZREM', prefix .. 'probes', index)
  redis.call('HDEL', prefix .. 'probing', index)
end
if state == 'stopped' then
  redis.call('ZADD', prefix .. 'gone', 'NX', now, index)
else
  redis.call('ZREM', prefix .. 'gone', index)
end
return 1
