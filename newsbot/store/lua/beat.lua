-- beat: a worker's sign of life by this server's own clock, or its leave. Slot {bot}.
-- KEYS 1 beats
-- ARGV 1 worker  2 "" to live, "leave" to go
-- Replies the run id of this Redis: whoever is too busy to begin anything notices a change of it here.
local t = redis.call('TIME')
if ARGV[2] == 'leave' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)))
end
return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
