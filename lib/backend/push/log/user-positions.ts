// The positions of one user's events: a list of ids of the global stream, in order. A list of one takes less than a
// quarter of a kilobyte, a stream of one more than four.

/**
 * For scripts of the log. `is_after(a, b)` compares two ids. `make_list(key)` must come before a user's positions are
 * used: versions before this one kept them in a stream.
 */
export const userPositions = `
local function is_after(a, b)
  local a_ms, a_number = string.match(a, '^(%d+)-(%d+)$')
  local b_ms, b_number = string.match(b, '^(%d+)-(%d+)$')
  if a_ms == b_ms then return tonumber(a_number) > tonumber(b_number) end
  return tonumber(a_ms) > tonumber(b_ms)
end
local function make_list(key)
  if redis.call('TYPE', key).ok ~= 'stream' then return end
  local entries = redis.call('XRANGE', key, '-', '+')
  local lifetime = redis.call('PTTL', key)
  redis.call('DEL', key)
  for _, entry in ipairs(entries) do
    redis.call('RPUSH', key, entry[1])
  end
  if lifetime > 0 then redis.call('PEXPIRE', key, lifetime) end
end
`;
