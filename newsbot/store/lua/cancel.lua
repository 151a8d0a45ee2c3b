-- cancel: no new send of this push begins from here on. Slot {bot}.
-- KEYS 1 prefix of the bot
-- ARGV 1 push
-- Replies 1, or 0 where there is nothing open to cancel. What is on the wire may still land and is counted.
local p = account(KEYS[1] .. 'push:' .. ARGV[1], 'state')
if not p or p.state ~= 'open' then return 0 end
close(KEYS[1], ARGV[1], p, 'cancelled')
return 1
