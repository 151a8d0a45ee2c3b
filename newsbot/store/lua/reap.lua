-- reap: intents nobody will commit any more become doubt. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 lease (ms)  2 silence (ms)
-- Replies how many. A worker is lost when it was silent for `silence` at two looks at least `silence` apart, with no
-- heartbeat seen between them, so a stall of Redis itself reaps nobody; an intent older than the lease is overdue
-- whoever holds it. A heartbeat from the future was written before the clock was put back: silence.
-- An edit is done again instead: doing it twice changes nothing.
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
local function give_up(p, push, token, window, why)
  local positions = {}
  for i, one in ipairs(window) do positions[i] = one.position end
  local states, marks, reasons = get_states(p.key, positions), {}, {}
  for _, one in ipairs(window) do
    if states[one.position] == 2 and p.edits == '1' and p.state == 'open' then
      marks[one.position] = 4
      redis.call('ZADD', p.key .. ':retries', now, write_window({one}))
    elseif states[one.position] == 2 then
      marks[one.position] = 5
      p.doubt = p.doubt + 1
      reasons[#reasons + 1] = one.position
      reasons[#reasons + 1] = why
      redis.call('ZADD', prefix .. 'doubts', now, member(push, one.position, one.index))
      reaped = reaped + 1
    end
    if states[one.position] == 2 then p.sending = p.sending - 1 end
  end
  explain(p.key, reasons)
  set_states(p.key, marks)
  redis.call('HDEL', p.key .. ':intents', token)
end
for _, push in ipairs(redis.call('ZRANGE', prefix .. 'act', 0, -1)) do
  local p = account(prefix .. 'push:' .. push, 'state', 'edits')
  local intents = p and redis.call('HGETALL', p.key .. ':intents') or {}
  local changed = false
  for i = 1, #intents, 2 do
    local token = intents[i]
    local worker, _, begun = read_token(token)
    local why = lost(worker) and 'worker lost' or (now - tonumber(begun) > lease and 'no answer in time' or nil)
    if why then
      give_up(p, push, token, read_window(intents[i + 1]), why)
      changed = true
    end
  end
  if changed then save(p) end
  if p then settle(prefix, push, p) end
end
-- Workers of the past: a missing heartbeat says the same as an old one.
local all = redis.call('HGETALL', beats)
for i = 1, #all, 2 do
  if math.abs(now - tonumber(all[i + 1])) > lease then redis.call('HDEL', beats, all[i]) end
end
return reaped
