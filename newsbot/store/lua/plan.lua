-- plan: freeze the audience of one push and open it. Slot {bot}.
-- KEYS 1 push  2 push:audience  3 act  4 door  5 bot prefix
-- ARGV 1 push id  2 lane score  3 now (unix s)  4 seconds kept  5 ref bytes  6 the audience, a bitmap over indexes
--      7 base: the push whose messages this one answers or edits, or ""  8 the revision it edits in, or ""
--      9 seconds until it is late  10 seconds until nothing of it is begun any more  11 who of the audience gets it without a
--      sound, a bitmap or ""  12 1 where it counts as an alert of the day  13 seconds that what waits is kept
--      14 when the audience was judged, by Redis' own clock (unix s), 0 where that does not matter
--      15.. who gets it in a digest: reason, how many, packed bitmap
-- Replies the size of the audience; the same again when asked again. -1: judged too long ago, to be judged again: a digest
-- that looked meanwhile would not have seen who waits.
-- An edit takes the audience of its base as it is, so that a chat has the same position in both; it tells the base which
-- revision what is still to be sent there must have, and ends the edit before it. Which chats have a message is asked when
-- each is begun, and its references are the base's.
-- Order of writes: audience and sizes, queue and bell, the push itself last: until that one, a repetition does it all
-- again. When it expires goes by Redis' own clock, the one `begin` reads.
local size = redis.call('HGET', KEYS[1], 'size')
if size then return tonumber(size) end
local seconds, judged = tonumber(redis.call('TIME')[1]), tonumber(ARGV[14] or '0')
if judged > 0 then
  if math.abs(seconds - judged) > 4 then return -1 end
  -- Where a digest was made up to a later moment, as after a change of clocks, this waits for the next one.
  local shut = tonumber(redis.call('ZREVRANGE', KEYS[5] .. 'digests', 0, 0, 'WITHSCORES')[2] or '0')
  if judged <= shut and shut - judged < tonumber(ARGV[13]) then judged = shut + 0.001 end
end
local prefix, base, revision = KEYS[5], ARGV[7], tonumber(ARGV[8])
local root, kept = prefix .. 'push:' .. base, math.floor(tonumber(ARGV[4]))
local n
if revision then
  local known = redis.call('HMGET', root, 'size', 'revision')
  n = tonumber(known[1] or '0')
  if (tonumber(known[2] or '1')) >= revision then return 0 end
  if n > 0 then redis.call('BITOP', 'OR', KEYS[2], root .. ':audience') end
else
  redis.call('SET', KEYS[2], ARGV[6])
  n = redis.call('BITCOUNT', KEYS[2])
end
local edits, more = '', {'judged', string.format('%.6f', judged)}
if n > 0 then
  local sizes = {states = math.ceil(n / 2), times = 3 * math.ceil(n / BLOCK)}
  if not revision then sizes.refs = n * tonumber(ARGV[5]) end
  for part, bytes in pairs(sizes) do
    redis.call('SETRANGE', KEYS[1] .. ':' .. part, bytes - 1, '\0')
    redis.call('EXPIRE', KEYS[1] .. ':' .. part, kept)
  end
  redis.call('EXPIRE', KEYS[2], kept)
  if (ARGV[11] or '') ~= '' then
    redis.call('SET', KEYS[1] .. ':quietly', ARGV[11], 'EX', kept)
    more[#more + 1], more[#more + 2] = 'quietly', 1
  end
  -- One more alert today: the four binary digits of each reader's number are bitmaps, and the highest number stays.
  if ARGV[12] == '1' then
    local t, carry = prefix .. 'tmp:1', prefix .. 'tmp:2'
    local digits = {}
    for place = 0, 3 do digits[place + 1] = prefix .. 'map:count:' .. place end
    redis.call('BITOP', 'AND', t, unpack(digits))
    redis.call('BITOP', 'NOT', t, t)
    -- What is beyond the end of the count is 0, not full.
    local beyond = #ARGV[6] - redis.call('STRLEN', t)
    if beyond > 0 then redis.call('APPEND', t, string.rep('\255', beyond)) end
    redis.call('BITOP', 'AND', carry, t, KEYS[2])
    for _, digit in ipairs(digits) do
      redis.call('BITOP', 'AND', t, digit, carry)
      redis.call('BITOP', 'XOR', digit, digit, carry)
      redis.call('BITOP', 'OR', carry, t)
    end
    redis.call('DEL', t, carry)
  end
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
local later = 0
for i = 15, #ARGV, 3 do
  redis.call('HSET', KEYS[1] .. ':waits', ARGV[i], ARGV[i + 2])
  redis.call('EXPIRE', KEYS[1] .. ':waits', ARGV[13])
  more[#more + 1] = 'waits:' .. ARGV[i]
  more[#more + 1] = ARGV[i + 1]
end
redis.call('ZADD', prefix .. 'pushes', ARGV[3], ARGV[1])
redis.call('HSET', KEYS[1], 'size', n, 'planned', ARGV[3], 'expires', seconds + ARGV[9], 'ends', seconds + ARGV[10],
  'refbytes', ARGV[5], 'next', 0, 'at', 0, 'score', ARGV[2],
  'sending', 0, 'sent', 0, 'dead', 0, 'skipped', 0, 'cancelled', 0, 'doubt', 0, 'base', base, 'before', edits,
  'edits', revision and 1 or 0, 'revision', revision or 1, 'state', n > 0 and 'open' or 'done', unpack(more))
redis.call('EXPIRE', KEYS[1], kept)
if revision and n > 0 then redis.call('HSET', root, 'revision', revision, 'edit', ARGV[1]) end
return n
