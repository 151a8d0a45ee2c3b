-- erase: nothing here says any more which chat an index stood for. Slot {bot}.
-- KEYS 1 index bucket  2 prefix of the bot
-- ARGV 1 chat  2 the time under which its index waits in `gone` until its message references are cleared (unix s)
--      3 the only state it may be in, or ""
-- Replies 1; 0 where nobody is stored, or it is in another state. The index is never given again.
-- State and bucket go last: until then a repetition does it all again.
local prefix, chat = KEYS[2], ARGV[1]
local index = redis.call('HGET', KEYS[1], chat)
if not index then return 0 end
if ARGV[3] ~= '' and redis.call('GETBIT', prefix .. 'map:' .. ARGV[3], index) == 0 then return 0 end
redis.call('ZADD', prefix .. 'gone', ARGV[2], index)
local maps = redis.call('SMEMBERS', prefix .. 'names')
for _, name in ipairs({'active', 'quarantined', 'count:0', 'count:1', 'count:2', 'count:3'}) do maps[#maps + 1] = name end
for _, name in ipairs(maps) do
  if redis.call('GETBIT', prefix .. 'map:' .. name, index) == 1 then redis.call('SETBIT', prefix .. 'map:' .. name, index, 0) end
end
local rare, mine = prefix .. 'rare:' .. math.floor(tonumber(index) / 128), {}
for _, name in ipairs((lines(redis.call('HGET', rare, index) or ''))) do
  if not is_map(prefix, name) then mine[#mine + 1] = name end
end
part(prefix, mine, index)
redis.call('HDEL', rare, index)
local words = prefix .. 'words:' .. math.floor(tonumber(index) / 128)
unsay(prefix, (lines(redis.call('HGET', words, index) or '')), index)
redis.call('HDEL', words, index)
redis.call('HDEL', prefix .. 'muted', index)
redis.call('HDEL', prefix .. 'starts', index)
redis.call('ZREM', prefix .. 'changed', index)
redis.call('ZREM', prefix .. 'probes', index)
redis.call('HDEL', prefix .. 'probing', index)
if redis.call('STRLEN', prefix .. 'paced') >= index * 4 + 4 then
  redis.call('SETRANGE', prefix .. 'paced', index * 4, '\0\0\0\0')
end
local place = string.match(chat, '^[^/]+')
redis.call('SREM', prefix .. 'threads:' .. place, chat)
redis.call('HDEL', prefix .. 'places', place)
redis.call('HDEL', prefix .. 'chat:' .. math.floor(tonumber(index) / 128), index)
redis.call('SETBIT', prefix .. 'map:stopped', index, 0)
redis.call('HDEL', KEYS[1], chat)
return 1
