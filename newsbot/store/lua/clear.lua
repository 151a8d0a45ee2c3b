-- clear: the references that these chats have in one hot push become zeros. Slot {bot}.
-- KEYS 1 push
-- ARGV 1.. indexes
-- Replies how many of them belong to its audience; -1 where it is folded. Idempotent.
local key, found = KEYS[1], 0
local facts = redis.call('HMGET', key, 'refbytes', 'folded')
if not facts[1] then return 0 end
if facts[2] == '1' then return -1 end
local width, length = tonumber(facts[1]), redis.call('STRLEN', key .. ':refs')
for _, index in ipairs(ARGV) do
  if redis.call('GETBIT', key .. ':audience', index) == 1 then
    found = found + 1
    local byte = math.floor(index / 8)
    local position = byte > 0 and redis.call('BITCOUNT', key .. ':audience', 0, byte - 1) or 0
    for before = byte * 8, index - 1 do position = position + redis.call('GETBIT', key .. ':audience', before) end
    if (position + 1) * width <= length then
      redis.call('SETRANGE', key .. ':refs', position * width, string.rep('\0', width))
    end
  end
end
-- Whoever folds it just now has read the references that are gone.
if found > 0 then redis.call('HINCRBY', key, 'cleared', 1) end
return found
