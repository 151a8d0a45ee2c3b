-- plan: freeze the audience of one push and open it. Slot {bot}.
-- KEYS 1 push  2 push:audience  3 act  4 door  5 bot prefix  6.. bitmaps: active, then topic maps (or all), then floors
-- ARGV 1 push id  2 lane score  3 now (unix s)  4 seconds kept  5 ref bytes  6 how many topic maps
--      7 base: the push whose messages this one answers or edits, or ""  8 the revision it edits in, or ""
--      9 seconds until it is late  10 seconds until nothing of it is begun any more
-- Replies the size of the audience; the same again when asked again.
-- An edit takes the audience of its base as it is, so that a chat has the same position in both; it tells the base which
-- revision what is still to be sent there must have, and ends the edit before it. Which chats have a message is asked when
-- each is begun, and its references are the base's.
-- Order of writes: audience and sizes, queue and bell, the push itself last: until that one, a repetition does it all
-- again. When it expires goes by Redis' own clock, the one `begin` reads.
local size = redis.call('HGET', KEYS[1], 'size')
if size then return tonumber(size) end
local prefix, topics, base, revision = KEYS[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local root = prefix .. 'push:' .. base
local n
if revision then
  local known = redis.call('HMGET', root, 'size', 'revision')
  n = tonumber(known[1] or '0')
  if (tonumber(known[2] or '1')) >= revision then return 0 end
  if n > 0 then redis.call('BITOP', 'OR', KEYS[2], root .. ':audience') end
else
  local t1, t2 = prefix .. 'tmp:1', prefix .. 'tmp:2'
  local a, b = {}, {}
  for i = 7, 6 + topics do a[#a + 1] = KEYS[i] end
  for i = 7 + topics, #KEYS do b[#b + 1] = KEYS[i] end
  redis.call('BITOP', 'OR', t1, unpack(a))
  redis.call('BITOP', 'OR', t2, unpack(b))
  redis.call('BITOP', 'AND', KEYS[2], KEYS[6], t1, t2)
  redis.call('DEL', t1, t2)
  n = redis.call('BITCOUNT', KEYS[2])
end
local edits, kept = '', math.floor(tonumber(ARGV[4]))
if n > 0 then
  local sizes = {states = math.ceil(n / 2), times = 3 * math.ceil(n / BLOCK)}
  if not revision then sizes.refs = n * tonumber(ARGV[5]) end
  for part, bytes in pairs(sizes) do
    redis.call('SETRANGE', KEYS[1] .. ':' .. part, bytes - 1, '\0')
    redis.call('EXPIRE', KEYS[1] .. ':' .. part, kept)
  end
  redis.call('EXPIRE', KEYS[2], kept)
  if revision then
    edits = redis.call('HGET', root, 'edit') or ''
    local before = edits ~= '' and account(prefix .. 'push:' .. edits, 'state')
    if before and before.state == 'open' then close(prefix, edits, before, 'cancelled') end
  end
  redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 1000, '*', 'push', ARGV[1])
else
  redis.call('DEL', KEYS[2]) -- zeros as long as the longest bitmap
end
local seconds = tonumber(redis.call('TIME')[1])
redis.call('ZADD', prefix .. 'pushes', ARGV[3], ARGV[1])
redis.call('HSET', KEYS[1], 'size', n, 'planned', ARGV[3], 'expires', seconds + ARGV[9], 'ends', seconds + ARGV[10],
  'refbytes', ARGV[5], 'next', 0, 'at', 0, 'score', ARGV[2],
  'sending', 0, 'sent', 0, 'dead', 0, 'skipped', 0, 'cancelled', 0, 'doubt', 0, 'base', base, 'before', edits,
  'edits', revision and 1 or 0, 'revision', revision or 1, 'state', n > 0 and 'open' or 'done')
redis.call('EXPIRE', KEYS[1], kept)
if revision and n > 0 then redis.call('HSET', root, 'revision', revision, 'edit', ARGV[1]) end
return n
