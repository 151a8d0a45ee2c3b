-- common: what several ledger scripts need; put in front of each of them when they are loaded.
-- States of a position (4 bits): 0 pending 2 sending 3 sent 4 retry 5 doubt 6 dead 7 skipped 8 cancelled.
-- A push that is not open any more keeps 0 and 4 where nothing was begun: read them as what its state says.
-- Scripts read what they need of a window at once, decide in Lua, and write at once: a command costs more than a decision,
-- and every write is a line of the append-only file.
local COUNTS = {'size', 'sending', 'sent', 'dead', 'skipped', 'cancelled', 'doubt'}
local DEADLY = {expired = 'dead', cancelled = 'cancelled'}
local EPOCH = 1577836800000 -- 2020-01-01 in unix ms: `paced` counts tenths of a second from there in 4 bytes
local BLOCK = 16 -- positions that share one time
local AGAIN = 1000000 -- tries from this number on settle a doubt by sending once more
local function clock()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000), tonumber(t[1]) * 1000000 + tonumber(t[2])
end
local BITS = {128, 64, 32, 16, 8, 4, 2, 1}
local function is_set(byte, bit) return byte % (2 * BITS[bit + 1]) >= BITS[bit + 1] end
local function whole(number) return string.format('%.0f', number) end
local function tenths(ms) return math.ceil((ms - EPOCH) / 100) end
-- A number as `width` bytes, the highest first; and back.
local function pack(number, width)
  local bytes = {}
  for i = width, 1, -1 do
    bytes[i] = string.char(number % 256)
    number = math.floor(number / 256)
  end
  return table.concat(bytes)
end
local function number(bytes)
  local n = 0
  for i = 1, #bytes do n = n * 256 + string.byte(bytes, i) end
  return n
end
-- The counts of a push and these further fields; nil where there is no such push. `save` writes the counts.
local function account(key, ...)
  local names = {...}
  for _, name in ipairs(COUNTS) do names[#names + 1] = name end
  local values, p = redis.call('HMGET', key, unpack(names)), {key = key}
  for i, name in ipairs(names) do p[name] = values[i] or nil end
  if not p.size then return nil end
  for _, name in ipairs(COUNTS) do p[name] = tonumber(p[name] or '0') end
  return p
end
local function pending(p) return p.size - p.sending - p.sent - p.dead - p.skipped - p.cancelled - p.doubt end
local function save(p, ...)
  local fields = {...}
  for i = 2, #COUNTS do
    fields[#fields + 1] = COUNTS[i]
    fields[#fields + 1] = p[COUNTS[i]]
  end
  redis.call('HSET', p.key, unpack(fields))
end
-- The first and the last of some positions, and whether they are neighbours enough to be read and written as one range.
local function span(positions)
  local low, high, many = nil, nil, 0
  for _, position in ipairs(positions) do
    position, many = tonumber(position), many + 1
    low, high = math.min(low or position, position), math.max(high or position, position)
  end
  return low, high, low and high - low <= 16 * many + 64
end
local function get_states(key, positions)
  local states = {}
  local low, high, near = span(positions)
  if near then
    local first, last = math.floor(low / 2), math.floor(high / 2)
    local bytes = redis.call('GETRANGE', key .. ':states', first, last)
    for _, position in ipairs(positions) do
      position = tonumber(position)
      local byte = string.byte(bytes, math.floor(position / 2) - first + 1) or 0
      states[position] = position % 2 == 0 and math.floor(byte / 16) or byte % 16
    end
    return states
  end
  for from = 1, #positions, 500 do
    local ask = {}
    for i = from, math.min(from + 499, #positions) do
      ask[#ask + 1] = 'GET'
      ask[#ask + 1] = 'u4'
      ask[#ask + 1] = '#' .. positions[i]
    end
    for i, state in ipairs(redis.call('BITFIELD', key .. ':states', unpack(ask))) do
      states[tonumber(positions[from + i - 1])] = state
    end
  end
  return states
end
local function get_state(key, position) return get_states(key, {position})[tonumber(position)] end
-- Write every state of the table position -> state.
local function set_states(key, marks)
  local positions = {}
  for position in pairs(marks) do positions[#positions + 1] = position end
  local low, high, near = span(positions)
  if not low then return end
  if near then
    local first = math.floor(low / 2)
    local bytes = {string.byte(redis.call('GETRANGE', key .. ':states', first, math.floor(high / 2)), 1, -1)}
    for position, state in pairs(marks) do
      local i = math.floor(position / 2) - first + 1
      local byte = bytes[i] or 0
      bytes[i] = position % 2 == 0 and state * 16 + byte % 16 or byte - byte % 16 + state
    end
    for i = 1, #bytes do bytes[i] = string.char(bytes[i]) end
    redis.call('SETRANGE', key .. ':states', first, table.concat(bytes))
    return
  end
  local told = {}
  for position, state in pairs(marks) do
    told[#told + 1] = 'SET'
    told[#told + 1] = 'u4'
    told[#told + 1] = '#' .. whole(position)
    told[#told + 1] = state
    if #told >= 2000 then
      redis.call('BITFIELD', key .. ':states', unpack(told))
      told = {}
    end
  end
  if #told > 0 then redis.call('BITFIELD', key .. ':states', unpack(told)) end
end
-- Cells of `width` bytes of a string, by their numbers; neighbours are read together. Missing ones are ''.
local function get_cells(key, width, numbers)
  local low, high, cells = nil, nil, {}
  for _, n in ipairs(numbers) do
    n = tonumber(n)
    low, high = math.min(low or n, n), math.max(high or n, n)
  end
  if low and (high - low) * width <= 8192 then
    local bytes = redis.call('GETRANGE', key, whole(low * width), whole(high * width + width - 1))
    for _, n in ipairs(numbers) do
      local from = (tonumber(n) - low) * width
      cells[tonumber(n)] = string.sub(bytes, from + 1, from + width)
    end
  else
    for _, n in ipairs(numbers) do
      local from = tonumber(n) * width
      cells[tonumber(n)] = redis.call('GETRANGE', key, whole(from), whole(from + width - 1))
    end
  end
  return cells
end
-- Write every cell of the table number -> bytes; neighbours together.
local function set_cells(key, width, cells)
  local numbers = {}
  for n in pairs(cells) do numbers[#numbers + 1] = n end
  table.sort(numbers)
  local first = 1
  for i = 1, #numbers do
    if i == #numbers or numbers[i + 1] ~= numbers[i] + 1 then
      local run = {}
      for j = first, i do run[#run + 1] = cells[numbers[j]] end
      redis.call('SETRANGE', key, whole(numbers[first] * width), table.concat(run))
      first = i + 1
    end
  end
end
-- Why positions ended as they did (pairs position, why); kept as long as their push.
local function explain(key, pairs_of)
  if #pairs_of == 0 then return end
  local reasons = key .. ':reasons'
  local fresh = redis.call('EXISTS', reasons) == 0
  redis.call('HSET', reasons, unpack(pairs_of))
  if fresh then redis.call('EXPIRE', reasons, math.max(redis.call('TTL', key), 1)) end
end
-- An intent is a window: field "<worker>:<nonce>:<ms>", value "position:index:attempt,…" of what is still under way.
local function read_token(token) return string.match(token, '^(.*):(%w+):(%d+)$') end
local function read_window(value)
  local list = {}
  for position, index, attempt in string.gmatch(value or '', '(%d+):(%d+):(%d+)') do
    list[#list + 1] = {position = tonumber(position), index = tonumber(index), attempt = tonumber(attempt)}
  end
  return list
end
local function write_window(list)
  local words = {}
  for i, one in ipairs(list) do words[i] = whole(one.position) .. ':' .. whole(one.index) .. ':' .. whole(one.attempt) end
  return table.concat(words, ',')
end
local function member(push, position, index) return push .. ' ' .. whole(position) .. ' ' .. whole(index) end
-- How many of the audience come before this index: its position, where it belongs to the audience.
local function rank(audience, index)
  local byte = math.floor(index / 8)
  local at = byte > 0 and redis.call('BITCOUNT', audience, 0, byte - 1) or 0
  local c = string.byte(redis.call('GETRANGE', audience, byte, byte)) or 0
  for bit = 0, index % 8 - 1 do
    if is_set(c, bit) then at = at + 1 end
  end
  return at
end
-- The rate allowed now: after a flood at rate `top` it falls to 0.8 of that, is back there after 30 s along a cubic (as TCP
-- CUBIC does, RFC 9438: slow near where it failed, quick far from it), and ends at the configured one.
local function present_rate(rate, top, cut, now)
  if not top then return rate end
  local t = math.max((now - tonumber(cut)) / 1000, 0) / 30 - 1
  return math.max(math.min(rate, tonumber(top) * (1 + 0.2 * t * t * t)), math.min(rate, 1))
end
-- Close a push whose rest will never be begun: the rest is counted as `into`. What was sent once more because it was in
-- doubt is in doubt again: the first copy may well be there.
local function close(prefix, push, p, state)
  local doubts = {}
  for _, position in ipairs(redis.call('SMEMBERS', p.key .. ':again')) do
    if get_state(p.key, position) == 4 then
      set_states(p.key, {[tonumber(position)] = 5})
      p.doubt = p.doubt + 1
      explain(p.key, {position, 'in doubt, and not sent again: ' .. state})
    end
  end
  local rest, into = pending(p), DEADLY[state]
  p[into] = p[into] + rest
  save(p, 'state', state, 'rest', rest)
  p.state = state
  redis.call('DEL', p.key .. ':retries')
  if p.sending == 0 then redis.call('ZREM', prefix .. 'act', push) end
end
-- A push with nothing left to begin and nothing in flight is over.
local function settle(prefix, push, p)
  if p.sending > 0 or (pending(p) > 0 and p.state == 'open') then return end
  if p.state == 'open' then redis.call('HSET', p.key, 'state', 'done') end
  redis.call('ZREM', prefix .. 'act', push)
end
