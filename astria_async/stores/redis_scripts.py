"""
The Redis store's scripts: each verb is one, so each happens whole or not at all.

Keys, all below a prefix:

- ``r:<wait>``: a hash for each record; a field that is not there is ``None``
- ``s:<state>``: the wait ids in that state, by the time they were received
- ``due:<kind>``: the wait ids of pending records, by the time they can be claimed
- ``hints``: the stream that watchers read, each entry with a wait id and its number
- ``meta``: version of this layout, number of the last hint, and how often a check was written

Times are microseconds since 1970, exact in Lua's numbers until the year 2255.
"""

VERSION = 1
MOST_HINTS = 10_000
"""About how many hints the stream holds; a watcher that falls back further reads its records."""

# Common to all: a record without its body, its indexes, hints, and the check of the version.
_COMMON = (
    f"local VERSION, MOST_HINTS = {VERSION}, {MOST_HINTS}"
    """
local P = KEYS[1]
local STATES = {'expected', 'pending', 'done', 'set_aside'}
local KINDS = {'tune', 'prompt', 'pack'}
local FIELDS = {'kind', 'received_at', 'state', 'object_id', 'count', 'news', 'attempts', 'claims',
    'due_at', 'lease_until', 'owner', 'error', 'handled'}

local function text(number) return string.format('%.0f', number) end

local function plus(value, more) return text(tonumber(value) + more) end

local function get(wait)
    local values = redis.call('HMGET', P .. 'r:' .. wait, unpack(FIELDS))
    if not values[1] then return nil end
    local record = {}
    for i, name in ipairs(FIELDS) do record[name] = values[i] or nil end
    return record
end

local function ready_at(record)
    local due, lease = tonumber(record.due_at), tonumber(record.lease_until or '0')
    return text(math.max(due, lease))
end

local function keep(wait, record)
    local key, set, unset = P .. 'r:' .. wait, {}, {}
    for _, name in ipairs(FIELDS) do
        if record[name] then
            set[#set + 1] = name
            set[#set + 1] = record[name]
        else
            unset[#unset + 1] = name
        end
    end
    redis.call('HSET', key, unpack(set))
    if #unset > 0 then redis.call('HDEL', key, unpack(unset)) end
    for _, state in ipairs(STATES) do
        if state == record.state then
            redis.call('ZADD', P .. 's:' .. state, record.received_at, wait)
        else
            redis.call('ZREM', P .. 's:' .. state, wait)
        end
    end
    for _, kind in ipairs(KINDS) do
        if record.state == 'pending' and kind == record.kind then
            redis.call('ZADD', P .. 'due:' .. kind, ready_at(record), wait)
        else
            redis.call('ZREM', P .. 'due:' .. kind, wait)
        end
    end
end

local function drop(wait)
    redis.call('DEL', P .. 'r:' .. wait)
    for _, state in ipairs(STATES) do redis.call('ZREM', P .. 's:' .. state, wait) end
    for _, kind in ipairs(KINDS) do redis.call('ZREM', P .. 'due:' .. kind, wait) end
end

local function hint(wait)
    local number = redis.call('HINCRBY', P .. 'meta', 'hints', 1)
    redis.call('XADD', P .. 'hints', 'MAXLEN', '~', MOST_HINTS, '*', 'wait', wait, 'n', number)
end

local function all(waits)
    local found = {}
    for _, wait in ipairs(waits) do
        local fields = redis.call('HGETALL', P .. 'r:' .. wait)
        if #fields > 0 then found[#found + 1] = {wait, fields} end
    end
    return found
end

-- The members of several sorted sets in the order of their scores, at most `limit` of them.
local function merge(sets, limit, before)
    local entries, waits = {}, {}
    for _, flat in ipairs(sets) do
        for i = 1, #flat, 2 do entries[#entries + 1] = {flat[i], tonumber(flat[i + 1])} end
    end
    table.sort(entries, before)
    for i = 1, math.min(limit, #entries) do waits[i] = entries[i][1] end
    return waits
end

local version = redis.call('HGET', P .. 'meta', 'version')
if version and tonumber(version) ~= VERSION then
    return redis.error_reply('ASTRIAVERSION ' .. version)
end
"""
)

# Lay claim to the prefix; fails as every script does if another version has it.
PREPARE = (
    _COMMON
    + """
if not version then redis.call('HSET', P .. 'meta', 'version', VERSION) end
return 1
"""
)

# A write that nobody reads, to prove that writes are taken.
PROVE = _COMMON + "return redis.call('HINCRBY', P .. 'meta', 'checks', 1)"

# Note that a callback is to come. wait, kind, metadata, since, object id or ''
EXPECT = (
    _COMMON
    + """
local wait, kind, metadata, since, object_id = unpack(ARGV)
local record = get(wait)
local is_new = not record
if is_new then
    record = {kind = kind, received_at = since, state = 'expected', count = '0', news = '0',
        attempts = '0', claims = '0', due_at = since}
    redis.call('HSET', P .. 'r:' .. wait, 'metadata', metadata, 'body', '')
end
if object_id ~= '' then record.object_id = object_id end
keep(wait, record)
return is_new and 1 or 0
"""
)

# Drop a record that is only expected. wait, since or ''
FORGET = (
    _COMMON
    + """
local wait, since = unpack(ARGV)
local record = get(wait)
if record and record.state == 'expected' and (since == '' or record.received_at == since) then
    drop(wait)
end
return 1
"""
)

# Commit a callback; 1 if it says something new. A put tried again, whose first attempt may have
# been carried out, knows its own callback by the time. wait, kind, metadata, body, received_at,
# now, '1' if tried again
PUT = (
    _COMMON
    + """
local wait, kind, metadata, body, received_at, now, again = unpack(ARGV)
local key, record = P .. 'r:' .. wait, get(wait)
if record and record.state ~= 'expected' and redis.call('HGET', key, 'body') == body then
    if again == '1' and record.received_at == received_at then return 1 end
    redis.call('HINCRBY', key, 'count', 1)
    hint(wait)
    return 0
end
record = record or {count = '0', news = '0', claims = '0'}
record.kind, record.received_at, record.state = kind, received_at, 'pending'
record.count, record.news = plus(record.count, 1), plus(record.news, 1)
record.attempts, record.due_at, record.error = '0', now, nil
redis.call('HSET', key, 'metadata', metadata, 'body', body)
keep(wait, record)
hint(wait)
return 1
"""
)

# Records by wait id. wait …
GET = _COMMON + "return all(ARGV)"

# Records still expected since before a time, oldest first. before, limit
OVERDUE = (
    _COMMON
    + """
return all(redis.call(
    'ZRANGEBYSCORE', P .. 's:expected', '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2]))
"""
)

# Records of some states, newest first. score bound, limit, state …
RECORDS = (
    _COMMON
    + """
local sets = {}
for i = 3, #ARGV do
    sets[#sets + 1] = redis.call('ZREVRANGEBYSCORE', P .. 's:' .. ARGV[i], ARGV[1], '-inf',
        'WITHSCORES', 'LIMIT', 0, ARGV[2])
end
return all(merge(sets, tonumber(ARGV[2]), function(a, b) return a[2] > b[2] end))
"""
)

# Lease due records, those due longest first. owner, now, until, limit, kind …
CLAIM = (
    _COMMON
    + """
local owner, now, until_, limit = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local sets = {}
for i = 5, #ARGV do
    sets[#sets + 1] = redis.call('ZRANGEBYSCORE', P .. 'due:' .. ARGV[i], '-inf', now,
        'WITHSCORES', 'LIMIT', 0, limit)
end
local waits = merge(sets, tonumber(limit), function(a, b) return a[2] < b[2] end)
for _, wait in ipairs(waits) do
    local record = get(wait)
    if record then
        record.attempts, record.claims = plus(record.attempts, 1), plus(record.claims, 1)
        record.owner, record.lease_until = owner, until_
        keep(wait, record)
    else
        drop(wait) -- the server evicted it under a policy that it must not have
    end
end
return all(waits)
"""
)

# When the next record of some kinds can be claimed. kind …
NEXT_DUE = (
    _COMMON
    + """
local sets = {}
for i, kind in ipairs(ARGV) do
    sets[i] = redis.call('ZRANGE', P .. 'due:' .. kind, 0, 0, 'WITHSCORES')
end
local first = false
for _, flat in ipairs(sets) do
    if flat[2] and (not first or tonumber(flat[2]) < tonumber(first)) then first = flat[2] end
end
return first and text(tonumber(first))
"""
)

# Common to those who hold a lease: 0 if it was lost, 1 if an attempt whose answer was lost gave it
# back already. wait, owner, claims, '1' if tried again, …
_HELD = (
    _COMMON
    + """
local wait, owner, claims, again = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local record = get(wait)
if not record or record.claims ~= claims then return 0 end
if again == '1' and not record.owner then return 1 end
if record.state ~= 'pending' or record.owner ~= owner then return 0 end
"""
)

# Extend a lease. …, until
RENEW = (
    _HELD
    + """
record.lease_until = ARGV[5]
keep(wait, record)
return 1
"""
)

# Mark a record done, or pending if more came. …, now, handled, news as claimed
FINISH = (
    _HELD
    + """
local now, handled, news = ARGV[5], ARGV[6], ARGV[7]
local more = record.news ~= news
record.owner, record.lease_until, record.error, record.handled = nil, nil, nil, handled
if more then
    record.due_at = now
else
    record.state = 'done'
end
keep(wait, record)
if more then hint(wait) end
return 1
"""
)

# Give a record back. …, now, news as claimed, due or '', '1' if there is an error, the error
RELEASE = (
    _HELD
    + """
local now, news, due_at, failed, err = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
record.owner, record.lease_until = nil, nil
if record.news ~= news then
    record.due_at = now
else
    if failed == '1' then
        record.error = err
    else
        record.attempts = text(math.max(0, tonumber(record.attempts) - 1))
    end
    if due_at == '' then record.state = 'set_aside' else record.due_at = due_at end
end
keep(wait, record)
if record.state == 'pending' then hint(wait) end
return 1
"""
)

# Make a done or set-aside record pending. wait, now, '1' if tried again
REPLAY = (
    _COMMON
    + """
local wait, now, again = unpack(ARGV)
local record = get(wait)
if not record then return 0 end
if again == '1' and record.state == 'pending' and record.due_at == now then return 1 end
if record.state ~= 'done' and record.state ~= 'set_aside' then return 0 end
record.state, record.attempts, record.due_at, record.error = 'pending', '0', now, nil
keep(wait, record)
hint(wait)
return 1
"""
)

# Delete some of the records that are too old to keep; how many. before, limit
PRUNE = (
    _COMMON
    + """
local dropped = 0
for _, state in ipairs({'expected', 'pending', 'done'}) do
    local waits = redis.call('ZRANGEBYSCORE', P .. 's:' .. state, '-inf', '(' .. ARGV[1],
        'LIMIT', 0, tonumber(ARGV[2]) - dropped)
    for _, wait in ipairs(waits) do drop(wait) end
    dropped = dropped + #waits
end
return dropped
"""
)

# Where the stream of hints ends now: its last entry's id, and its number.
END_OF_HINTS = (
    _COMMON
    + """
local last = redis.call('XREVRANGE', P .. 'hints', '+', '-', 'COUNT', 1)
local number = redis.call('HGET', P .. 'meta', 'hints') or '0'
return {last[1] and last[1][1] or '0-0', number}
"""
)
