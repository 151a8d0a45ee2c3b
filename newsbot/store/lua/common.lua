-- common: what several ledger scripts need; put in front of each of them when they are loaded.
-- States of a position (4 bits): 0 pending 2 sending 3 sent 4 retry 5 doubt 6 dead 7 skipped 8 cancelled.
-- A push that is not open any more keeps 0 and 4 where nothing was begun: read them as what its state says.
local function clock()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000), tonumber(t[1]) * 1000000 + tonumber(t[2])
end
local function whole(number) return string.format('%.0f', number) end
local function counts(key)
  local names = {'size', 'sending', 'sent', 'dead', 'skipped', 'cancelled', 'doubt'}
  local values, c = redis.call('HMGET', key, unpack(names)), {}
  for i, name in ipairs(names) do c[name] = tonumber(values[i] or '0') or 0 end
  c.pending = c.size - c.sending - c.sent - c.dead - c.skipped - c.cancelled - c.doubt
  return c
end
local function get_state(key, position)
  return redis.call('BITFIELD', key .. ':states', 'GET', 'u4', '#' .. position)[1]
end
local function set_state(key, position, state)
  redis.call('BITFIELD', key .. ':states', 'SET', 'u4', '#' .. position, state)
end
-- Why a position ended as it did; kept as long as its push.
local function explain(key, position, why)
  redis.call('HSET', key .. ':reasons', position, why)
  if redis.call('HLEN', key .. ':reasons') == 1 then
    redis.call('EXPIRE', key .. ':reasons', math.max(redis.call('TTL', key), 1))
  end
end
-- Worker and begin time (ms) of an intent, and which try it is: "<worker>:<attempt>:<ms>".
local function read_token(token) return string.match(token, '^(.*):(%d+):(%d+)$') end
-- Close a push whose rest will never be begun: the rest is counted as `into`.
local function close(prefix, push, state, into)
  local key = prefix .. 'push:' .. push
  local c = counts(key)
  redis.call('HINCRBY', key, into, c.pending)
  redis.call('HSET', key, 'state', state, 'rest', c.pending)
  redis.call('DEL', key .. ':retries')
  if c.sending == 0 then redis.call('ZREM', prefix .. 'act', push) end
end
-- A push with nothing left to begin and nothing in flight is over.
local function settle(prefix, push)
  local key = prefix .. 'push:' .. push
  local c, state = counts(key), redis.call('HGET', key, 'state')
  if c.sending > 0 or (c.pending > 0 and state == 'open') then return end
  if state == 'open' then redis.call('HSET', key, 'state', 'done') end
  redis.call('ZREM', prefix .. 'act', push)
end
