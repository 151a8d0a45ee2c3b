-- reap: intents nobody will commit any more become doubt. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 lease (ms)  2 silence (ms)
-- Replies how many. A worker is lost when it was silent for `silence` at two looks at least `silence` apart, with no
-- heartbeat seen between them, so a stall of Redis itself reaps nobody; an intent older than the lease is overdue
-- whoever holds it. A heartbeat from the future was written before the clock was put back: silence.
local prefix, lease, silence = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local now = clock()
local beats, suspects, reaped, verdicts = prefix .. 'beats', prefix .. 'suspects', 0, {}
local function silent(worker)
  return math.abs(now - tonumber(redis.call('HGET', beats, worker) or '0')) > silence
end
local function lost(worker)
  if verdicts[worker] == nil then
    verdicts[worker] = false
    if silent(worker) then
      redis.call('HSETNX', suspects, worker, whole(now))
      verdicts[worker] = math.abs(now - tonumber(redis.call('HGET', suspects, worker))) >= silence
    end
  end
  return verdicts[worker]
end
-- Whoever was heard again is no suspect, whether or not it holds an intent just now; nor does one look last for ever.
local suspected = redis.call('HGETALL', suspects)
for i = 1, #suspected, 2 do
  local worker, since = suspected[i], tonumber(suspected[i + 1])
  if not silent(worker) or math.abs(now - since) > lease then redis.call('HDEL', suspects, worker) end
end
for _, push in ipairs(redis.call('ZRANGE', prefix .. 'act', 0, -1)) do
  local key = prefix .. 'push:' .. push
  local intents = redis.call('HGETALL', key .. ':intents')
  for i = 1, #intents, 2 do
    local position, worker, _, begun = intents[i], read_token(intents[i + 1])
    local why = lost(worker) and 'worker lost' or (now - tonumber(begun) > lease and 'no answer in time' or nil)
    if why and get_state(key, position) == 2 then
      set_state(key, position, 5)
      explain(key, position, why)
      redis.call('HINCRBY', key, 'doubt', 1)
      redis.call('HINCRBY', key, 'sending', -1)
      redis.call('HDEL', key .. ':intents', position)
      reaped = reaped + 1
    end
  end
  settle(prefix, push)
end
-- Workers of the past: a missing heartbeat says the same as an old one.
local all = redis.call('HGETALL', beats)
for i = 1, #all, 2 do
  if math.abs(now - tonumber(all[i + 1])) > lease then redis.call('HDEL', beats, all[i]) end
end
return reaped
