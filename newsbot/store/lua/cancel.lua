-- cancel: no new send of this push begins from here on. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 push
-- Replies 1, or 0 where there is nothing open to cancel. What is on the wire may still land and is counted.
local key = KEYS[1] .. 'push:' .. ARGV[1]
if redis.call('HGET', key, 'state') ~= 'open' then return 0 end
close(KEYS[1], ARGV[1], 'cancelled', 'cancelled')
return 1
