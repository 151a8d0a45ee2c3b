-- candidates: what `begin` has to know of the chats it may tell next; put in front of it when it is loaded.
-- A candidate is {position, index, attempt}; everything about a list of them is asked for at once.
local function is_group(record, mark)
  return mark ~= '' and string.sub(record, 1, #mark) == mark or string.find(record, '/', 1, true) ~= nil
end
local function bits(key, list)
  local low, high = nil, nil
  for _, c in ipairs(list) do
    local byte = math.floor(c.index / 8)
    low, high = math.min(low or byte, byte), math.max(high or byte, byte)
  end
  local found, near = {}, low and high - low < 2048
  local bytes = near and redis.call('GETRANGE', key, low, high)
  for _, c in ipairs(list) do
    if near then
      local byte = string.byte(bytes, math.floor(c.index / 8) - low + 1) or 0
      found[c.index] = is_set(byte, c.index % 8)
    else
      found[c.index] = redis.call('GETBIT', key, c.index) == 1
    end
  end
  return found
end
local function records(prefix, list)
  local shards, order, found = {}, {}, {}
  for _, c in ipairs(list) do
    local shard = math.floor(c.index / 128)
    if not shards[shard] then
      shards[shard] = {}
      order[#order + 1] = shard
    end
    table.insert(shards[shard], c.index)
  end
  for _, shard in ipairs(order) do
    local values = redis.call('HMGET', prefix .. 'chat:' .. shard, unpack(shards[shard]))
    for i, index in ipairs(shards[shard]) do found[index] = values[i] or nil end
  end
  return found
end
-- The references of sent messages at these positions of another push.
local function references(base, positions)
  local width = tonumber(redis.call('HGET', base, 'refbytes') or '0')
  local refs = {}
  if width > 0 then
    for position, bytes in pairs(get_cells(base .. ':refs', width, positions)) do
      refs[position] = whole(number(bytes)) -- a Slack ts in microseconds stays below 2^53
    end
  end
  return refs
end
-- What each candidate's chat has of the story that is edited or answered: c.ref, and when it is edited c.base, c.flying.
local function look_back(p, list)
  local at, positions = {}, {}
  for i, c in ipairs(list) do
    at[i] = c.position
    if not p.edits then
      local audience = p.base .. ':audience'
      at[i] = redis.call('GETBIT', audience, c.index) == 1 and rank(audience, c.index) or nil
    end
    if at[i] then positions[#positions + 1] = at[i] end
  end
  if #positions == 0 then return end
  local states, refs = get_states(p.base, positions), references(p.base, positions)
  local before = p.before and get_states(p.before, positions) or {}
  for i, c in ipairs(list) do
    if at[i] then
      c.base = states[at[i]]
      c.ref = c.base == 3 and refs[at[i]] or '0'
      c.flying = c.base == 2 or before[at[i]] == 2
    end
  end
end
-- Fill in each one's record, whether it is active, when its chat is free again, and what it has of a story before this.
local function look(prefix, mark, p, list)
  local known, active = records(prefix, list), not p.edits and bits(prefix .. 'map:active', list)
  local quietly = p.quietly and bits(p.key .. ':quietly', list) or {}
  local headline, image = bits(prefix .. 'map:form:headline', list), bits(prefix .. 'map:form:image', list)
  local indexes = {}
  for i, c in ipairs(list) do indexes[i] = c.index end
  local free = get_cells(prefix .. 'paced', 4, indexes)
  local groups, asked = {}, {}
  for _, c in ipairs(list) do
    c.record, c.ref = known[c.index], '0'
    -- Who has a message gets its corrections, also after leaving.
    c.active = p.edits or active[c.index]
    c.free = number(free[c.index])
    c.form = headline[c.index] and 1 or image[c.index] and 2 or 0
    c.quietly = quietly[c.index]
    -- A group and its threads ("chat/thread lang since") share one pace.
    if c.record and is_group(c.record, mark) then
      c.place = string.match(c.record, '^[^/ ]+')
      groups[#groups + 1], asked[#asked + 1] = c, c.place
    end
  end
  local places = #groups > 0 and redis.call('HMGET', prefix .. 'places', unpack(asked)) or {}
  for i, c in ipairs(groups) do c.free = math.max(c.free, tonumber(places[i] or '0')) end
  if p.base then look_back(p, list) end
end
