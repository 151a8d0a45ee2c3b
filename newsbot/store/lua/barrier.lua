-- barrier: this worker has told this Redis what it knows. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 worker, or "" to look whether this Redis is known, and write nothing  2 run id of the Redis it told  3 least wait (ms): in that time every living worker beats again
--      4 most wait (ms): whoever has not come by then is lost, and what it had under way becomes doubt  5 silence (ms)
--      6 "new" where this installation has just been made: nothing was ever sent, so this Redis is known
-- Replies 1 where sending goes on, 0 while others are awaited, -1 where this is another Redis by now. Idempotent.
local prefix, worker, run = KEYS[1], ARGV[1], ARGV[2]
local now = clock()
local gate, reported = prefix .. 'gate', prefix .. 'reported'
local here = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if ARGV[6] == 'new' then return redis.call('HSETNX', gate, 'run', here) end
if here ~= run then return -1 end
local g = redis.call('HMGET', gate, 'run', 'turn', 'turned')
if g[1] == run then return 1 end
if worker == '' then return 0 end
if g[2] ~= run then
  redis.call('DEL', reported)
  redis.call('HSET', gate, 'turn', run, 'turned', whole(now))
  g[3] = now
end
redis.call('HSET', reported, worker, 1)
redis.call('HSET', prefix .. 'beats', worker, whole(now))
local waited = math.abs(now - tonumber(g[3]))
local all, beats = true, redis.call('HGETALL', prefix .. 'beats')
for i = 1, #beats, 2 do
  local lives = math.abs(now - tonumber(beats[i + 1])) <= tonumber(ARGV[5])
  if lives and redis.call('HEXISTS', reported, beats[i]) == 0 then all = false end
end
if waited >= tonumber(ARGV[4]) or (all and waited >= tonumber(ARGV[3])) then
  redis.call('DEL', reported)
  redis.call('HSET', gate, 'run', run)
  return 1
end
return 0
