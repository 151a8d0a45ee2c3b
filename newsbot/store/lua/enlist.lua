-- enlist: many chats with their choices, one after another as by `subscribe`. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV of each chat 8: its index bucket (the name behind the prefix), then chat, language, since, state, names, words and
--      muted as `subscribe` takes them
-- Replies the places (from 0) of those that were not written, because what may wait for them is to be looked at first:
-- whoever comes back, and whoever's digest would come at other times. Idempotent.
local prefix, left = KEYS[1], {}
-- What decides when a digest comes.
local function times(names)
  local found = {}
  for _, name in ipairs(names) do
    local kind = string.match(name, '^(%a+):')
    if kind == 'digest' or kind == 'quiet' or kind == 'zone' then found[#found + 1] = name end
  end
  table.sort(found)
  return table.concat(found, '\n')
end
local timed -- those of them that are bitmaps
local function same_times(index, one)
  if redis.call('GETBIT', prefix .. 'map:' .. one.state, index) == 0 then return false end
  if tonumber(redis.call('HGET', prefix .. 'muted', index) or '0') ~= tonumber(one.muted) then return false end
  timed = timed or lines(times(redis.call('SMEMBERS', prefix .. 'names')))
  local has = chosen(prefix, index, timed)
  for _, name in ipairs((lines(redis.call('HGET', prefix .. 'rare:' .. math.floor(tonumber(index) / 128), index) or ''))) do
    if not is_map(prefix, name) then has[#has + 1] = name end
  end
  return times(has) == times(lines(one.names))
end
for i = 1, #ARGV, 8 do
  local one = {
    chat = ARGV[i + 1], language = ARGV[i + 2], since = ARGV[i + 3], state = ARGV[i + 4], names = ARGV[i + 5],
    words = ARGV[i + 6], muted = ARGV[i + 7], starts = '',
  }
  local bucket = prefix .. ARGV[i]
  local index = redis.call('HGET', bucket, one.chat)
  if index and not same_times(index, one) then
    left[#left + 1] = (i - 1) / 8
  else
    store(prefix, bucket, one)
    timed = nil
  end
end
return left
