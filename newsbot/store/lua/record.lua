-- record: one chat with its choices, and who has which; put in front of the scripts that write or need that.
-- Choices of which there are many values (times of digests, zones, …) begin as lists: `few:<name>` has 4 bytes an index, and
-- `rare:<shard>` says which of them an index has. What more than FEW chose becomes a bitmap like the others, for good: from
-- then on it stands in `names`, no longer in `rares`, and what `rare` says of it counts no more. Words are kept alike, under
-- `word:<word>`: all stand in `vocabulary`, and those that are bitmaps in `popular` as well.
local FEW = 4096
local RARE = {digest = true, quiet = true, zone = true, least = true, source = true, cap = true}
local function four(index)
  index = tonumber(index)
  return string.char(math.floor(index / 16777216) % 256, math.floor(index / 65536) % 256, math.floor(index / 256) % 256, index % 256)
end
-- The indexes of a list.
local function few(prefix, name)
  local text, found = redis.call('GET', prefix .. 'few:' .. name) or '', {}
  for i = 1, #text, 4 do
    local a, b, c, d = string.byte(text, i, i + 3)
    found[#found + 1] = ((a * 256 + b) * 256 + c) * 256 + d
  end
  return found
end
-- Where a name stands as a list and as a bitmap, and as what.
local function shelf(prefix, name)
  local word = string.match(name, '^word:(.*)$')
  if word then return prefix .. 'vocabulary', prefix .. 'popular', word end
  return prefix .. 'rares', prefix .. 'names', name
end
local function is_map(prefix, name)
  local kind, _, maps, known = string.match(name, '^(%a+):') or '', shelf(prefix, name)
  return (kind ~= 'word' and not RARE[kind]) or redis.call('SISMEMBER', maps, known) == 1
end
-- This index has the name from now on; it must not have it yet.
local function join(prefix, name, index)
  local lists, maps, known = shelf(prefix, name)
  redis.call('SADD', lists, known)
  if redis.call('APPEND', prefix .. 'few:' .. name, four(index)) <= 4 * FEW then return end
  for _, one in ipairs(few(prefix, name)) do redis.call('SETBIT', prefix .. 'map:' .. name, one, 1) end
  redis.call('SADD', maps, known)
  if known == name then redis.call('SREM', lists, known) end
  redis.call('DEL', prefix .. 'few:' .. name)
end
-- This index has none of these names, of those that are lists, any more.
local function part(prefix, names, index)
  local sign = four(index)
  for _, name in ipairs(names) do
    local key = prefix .. 'few:' .. name
    local text, from = redis.call('GET', key) or '', 1
    while true do
      local at = string.find(text, sign, from, true)
      if not at then break end
      if at % 4 == 1 then text = string.sub(text, 1, at - 1) .. string.sub(text, at + 4) else from = at + 1 end
    end
    if text == '' then
      redis.call('DEL', key)
      local lists, _, known = shelf(prefix, name)
      redis.call('SREM', lists, known)
    else
      redis.call('SET', key, text)
    end
  end
end
-- This index wants to hear of these words no more.
local function unsay(prefix, words, index)
  local lists = {}
  for _, word in ipairs(words) do
    if is_map(prefix, 'word:' .. word) then
      redis.call('SETBIT', prefix .. 'map:word:' .. word, index, 0)
    else
      lists[#lists + 1] = 'word:' .. word
    end
  end
  part(prefix, lists, index)
end
local function lines(text)
  local list, has = {}, {}
  for line in string.gmatch(text, '[^\n]+') do list[#list + 1], has[line] = line, true end
  return list, has
end
local STATES = {'active', 'quarantined', 'stopped'}
-- Which bitmaps an index has, of these names.
local function chosen(prefix, index, names)
  local list, has = {}, {}
  for _, name in ipairs(names) do
    if redis.call('GETBIT', prefix .. 'map:' .. name, index) == 1 then list[#list + 1], has[name] = name, true end
  end
  return list, has
end
-- The arguments are those of `subscribe`, the names and words as text. Replies index and since.
local function store(prefix, bucket, one)
  local index = redis.call('HGET', bucket, one.chat)
  local since, new, back = one.since, not index, false
  if index then
    local record = redis.call('HGET', prefix .. 'chat:' .. math.floor(tonumber(index) / 128), index)
    back = redis.call('GETBIT', prefix .. 'map:stopped', index) == 1
    if record and not back then since = string.match(record, ' (%d+)$') end
  else
    index = tostring(redis.call('INCR', prefix .. 'next') - 1)
  end
  -- A digest that is being made may have read half of the old choices: it leaves this chat to the next one (`keep`).
  if not new and redis.call('EXISTS', prefix .. 'making') == 1 then
    local t = redis.call('TIME')
    redis.call('ZADD', prefix .. 'changed', t[1] .. '.' .. string.format('%06d', tonumber(t[2])), index)
    redis.call('EXPIRE', prefix .. 'changed', 240)
  end
  if not new and one.starts == '' and one.state == 'active' and redis.call('GETBIT', prefix .. 'map:quarantined', index) == 1 then
    one.starts = 0
  end
  local shard = math.floor(tonumber(index) / 128)
  redis.call('HSET', prefix .. 'chat:' .. shard, index, one.chat .. ' ' .. one.language .. ' ' .. since)
  -- The bitmaps: a bit that is 0 already is not written, or every bitmap would be as long as the longest.
  local names, wanted = lines(one.names)
  local maps, lists = {}, {}
  for _, name in ipairs(names) do
    local into = is_map(prefix, name) and maps or lists
    into[#into + 1] = name
  end
  if #maps > 0 then redis.call('SADD', prefix .. 'names', unpack(maps)) end
  if not new then
    for _, name in ipairs(chosen(prefix, index, redis.call('SMEMBERS', prefix .. 'names'))) do
      if not wanted[name] then redis.call('SETBIT', prefix .. 'map:' .. name, index, 0) end
    end
  end
  for _, name in ipairs(maps) do redis.call('SETBIT', prefix .. 'map:' .. name, index, 1) end
  -- The lists.
  local row = prefix .. 'rare:' .. shard
  local in_lists, is_in = lines(not new and redis.call('HGET', row, index) or '')
  local over = {}
  for _, name in ipairs(in_lists) do
    if not wanted[name] and not is_map(prefix, name) then over[#over + 1] = name end
  end
  part(prefix, over, index)
  if #lists > 0 then redis.call('HSET', row, index, table.concat(lists, '\n')) elseif #in_lists > 0 then redis.call('HDEL', row, index) end
  for _, name in ipairs(lists) do
    if not is_in[name] then join(prefix, name, index) end
  end
  -- The words, and who has each.
  local kept = prefix .. 'words:' .. shard
  local had, has = lines(not new and redis.call('HGET', kept, index) or '')
  local words, wants = lines(one.words)
  local unsaid = {}
  for _, word in ipairs(had) do
    if not wants[word] then unsaid[#unsaid + 1] = word end
  end
  unsay(prefix, unsaid, index)
  for _, word in ipairs(words) do
    if is_map(prefix, 'word:' .. word) then
      redis.call('SETBIT', prefix .. 'map:word:' .. word, index, 1)
    elseif not has[word] then
      join(prefix, 'word:' .. word, index)
    end
  end
  if #words > 0 then redis.call('HSET', kept, index, one.words) elseif #had > 0 then redis.call('HDEL', kept, index) end
  if tonumber(one.muted) > 0 then
    redis.call('HSET', prefix .. 'muted', index, one.muted)
  elseif not new then
    redis.call('HDEL', prefix .. 'muted', index)
  end
  -- Who changes times twice before a digest came keeps the first beginning; who comes back begins anew.
  if one.starts ~= '' then redis.call(back and 'HSET' or 'HSETNX', prefix .. 'starts', index, one.starts) end
  for _, state in ipairs(STATES) do
    redis.call('SETBIT', prefix .. 'map:' .. state, index, state == one.state and 1 or 0)
  end
  -- Whoever chooses anew is neither waited for nor on the way out; what is stored as such begins its time anew.
  if not new then
    redis.call('ZREM', prefix .. 'probes', index)
    redis.call('HDEL', prefix .. 'probing', index)
    redis.call('ZREM', prefix .. 'gone', index)
  end
  local place = string.match(one.chat, '^([^/]+)/')
  if place then redis.call('SADD', prefix .. 'threads:' .. place, one.chat) end
  if new then redis.call('HSET', bucket, one.chat, index) end
  return tonumber(index), tonumber(since)
end
