-- turn: a new day in one zone; whoever lives by it had no alert yet. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 zone  2 its date  3 1 where it is the zone of everybody who named none
-- Replies 1; 0 where that day has begun already. Idempotent.
local prefix = KEYS[1]
if redis.call('HGET', prefix .. 'days', ARGV[1]) == ARGV[2] then return 0 end
local t, listed = prefix .. 'tmp:1', prefix .. 'tmp:2'
if ARGV[3] == '1' then
  -- What stays are the numbers of those who named another zone.
  local zones = {}
  for _, name in ipairs(redis.call('SMEMBERS', prefix .. 'names')) do
    if string.sub(name, 1, 5) == 'zone:' and name ~= 'zone:' .. ARGV[1] then zones[#zones + 1] = prefix .. 'map:' .. name end
  end
  if #zones > 0 then redis.call('BITOP', 'OR', t, unpack(zones)) else redis.call('DEL', t) end
  for _, name in ipairs(redis.call('SMEMBERS', prefix .. 'rares')) do
    if string.sub(name, 1, 5) == 'zone:' and name ~= 'zone:' .. ARGV[1] then
      for _, index in ipairs(few(prefix, name)) do redis.call('SETBIT', t, index, 1) end
    end
  end
else
  redis.call('BITOP', 'OR', listed, prefix .. 'map:zone:' .. ARGV[1], prefix .. 'map:zone:' .. ARGV[1])
  for _, index in ipairs(few(prefix, 'zone:' .. ARGV[1])) do redis.call('SETBIT', listed, index, 1) end
  redis.call('BITOP', 'NOT', t, listed)
  local beyond = redis.call('STRLEN', prefix .. 'map:active') - redis.call('STRLEN', t)
  if beyond > 0 then redis.call('APPEND', t, string.rep('\255', beyond)) end
end
for place = 0, 3 do
  local digit = prefix .. 'map:count:' .. place
  redis.call('BITOP', 'AND', digit, digit, t)
end
redis.call('DEL', t, listed)
redis.call('HSET', prefix .. 'days', ARGV[1], ARGV[2])
return 1
