-- reap: intents nobody will commit any more become doubt. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 lease (ms)  2 silence (ms)
-- Replies how many. A worker is lost when it was silent for `silence` at two looks at least `silence` apart, so a stall
-- of Redis itself reaps nobody; an intent older than the lease is overdue whoever holds it.
local prefix, lease, silence = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local now = clock()
local beats, suspects, reaped, verdicts = prefix .. 'beats', prefix .. 'suspects', 0, {}
local function lost(worker)
  if verdicts[worker] ~= nil then return verdicts[worker] end
  local verdict = false
  local beat = tonumber(redis.call('HGET', beats, worker) or '0')
  if now - beat <= silence then
    redis.call('HDEL', suspects, worker)
  else
    redis.call('HSETNX', suspects, worker, whole(now))
    verdict = now - tonumber(redis.call('HGET', suspects, worker)) >= silence
  end
  verdicts[worker] = verdict
  return verdict
end
for _, push in ipairs(redis.call('ZRANGE', prefix .. 'act', 0, -1)) do
  local key = prefix .. 'push:' .. push
  local intents = redis.call('HGETALL', key .. ':intents')
  for i = 1, #intents, 2 do
    local position, token = intents[i], intents[i + 1]
    local worker, begun = string.match(token, '^([^:]*):%d+:(%d+)$')
    local why = lost(worker) and 'worker lost' or (now - tonumber(begun) > lease and 'no answer in time' or nil)
    if why and redis.call('BITFIELD', key .. ':states', 'GET', 'u4', '#' .. position)[1] == 2 then
      set_state(key, position, 5)
      redis.call('HSET', key .. ':reasons', position, why)
      redis.call('HINCRBY', key, 'doubt', 1)
      redis.call('HINCRBY', key, 'sending', -1)
      redis.call('HDEL', key .. ':intents', position)
      reaped = reaped + 1
    end
  end
  settle(prefix, push)
end
for worker, verdict in pairs(verdicts) do
  if verdict then
    redis.call('HDEL', beats, worker)
    redis.call('HDEL', suspects, worker)
  end
end
return reaped
