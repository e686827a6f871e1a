-- One step of a process: reports how its requests ended, and asks for the next one.
-- KEYS: log, inflight, meta, queue, processes, reported. ARGV[1]: the step as JSON.
-- Times are microseconds of the store's clock; only durations cross the network.
-- Returns: state, wait, processes, seq, epoch, learned N, learned period, rank among
-- the processes, time, waits of the queue positions that were asked for.
-- state: "go", "wait", "idle" (nothing was asked for) or "restore".

local LOG, INFLIGHT, META, QUEUE, PROCESSES, REPORTED = unpack(KEYS)
local step = cjson.decode(ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local MAX = 9007199254740991
local COMMON = {1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 86400}

local function text(n) return string.format('%.0f', n) end
local function get(field) return tonumber(redis.call('HGET', META, field) or '') end
local function set(field, n) redis.call('HSET', META, field, text(n)) end
local function unset(...) redis.call('HDEL', META, ...) end
local function guardOf(id) return tonumber(string.match(id, ':(%d+)$')) end

-- longest is the longest window; requests are kept for longer where nothing is
-- documented, to learn from them.
local longest = get('learned_per') or 0
for _, w in ipairs(step.windows) do longest = math.max(longest, w[2]) end
local keep = math.max(longest, step.keep)

-- A store that lost its data or went back in time must first get back what the
-- processes know.
local epoch, seq = redis.call('HGET', META, 'epoch') or '', get('seq') or 0
local lost = step.epoch ~= '' and (epoch ~= step.epoch or seq < step.seq)
if lost and not step.restore then
  return {'restore', 0, step.processes, seq, epoch, 0, 0, 0, text(now)}
end
if step.restore then
  -- A process without a record may have been the first to find the store empty.
  if epoch == '' or epoch == step.epoch or (step.epoch ~= '' and get('fresh')) then
    epoch = step.new_epoch
    redis.call('HSET', META, 'epoch', epoch)
    redis.call('DEL', REPORTED)
    unset('fresh')
    set('hold', now + longest)
    set('expected', step.processes)
  end
  seq = math.max(seq, step.seq)
  set('seq', seq)
  for _, r in ipairs(step.restore) do
    if r.inflight then
      redis.call('ZADD', INFLIGHT, 'NX', text(now - r.age), r.id)
    else
      redis.call('ZREM', INFLIGHT, r.id)
      redis.call('ZADD', LOG, text(now - r.age), r.id)
    end
  end
  redis.call('SADD', REPORTED, step.process)
elseif epoch == '' then
  epoch = step.new_epoch
  redis.call('HSET', META, 'epoch', epoch, 'fresh', 1)
end
if get('hold') and (now >= get('hold') or redis.call('SCARD', REPORTED) >= get('expected')) then
  unset('hold', 'expected')
  redis.call('DEL', REPORTED)
end

-- The clock goes back when a replica becomes the master whose clock is behind.
for _, key in ipairs({LOG, INFLIGHT}) do
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. text(now), '+inf')) do
    redis.call('ZADD', key, text(now), id)
  end
end

-- A request whose process died, or whose response is very late, counts at the end
-- of its guard time.
for i, id in ipairs(redis.call('ZRANGE', INFLIGHT, 0, -1)) do
  local due = tonumber(redis.call('ZSCORE', INFLIGHT, id)) + guardOf(id)
  if due <= now then
    redis.call('ZREM', INFLIGHT, id)
    redis.call('ZADD', LOG, text(due), id)
  end
end

-- learn takes the limit of a server from one cycle: what it accepted from first
-- until it returned 429, and when it accepted again.
local function learn(opened)
  local closed, previous = get('closed'), get('reopened') or 0
  local first = redis.call('ZRANGEBYSCORE', LOG, text(previous), text(closed), 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if not first then return end
  first = tonumber(first)
  local n = redis.call('ZCOUNT', LOG, text(first), text(closed))
  local low, high = math.max(get('rejected_at') or 0, closed) - first, opened - first
  if get('stated') then low, high = 0.8 * (get('stated') - first), 1.05 * (get('stated') - first) end
  local per = high
  for _, seconds in ipairs(COMMON) do
    if seconds * 1000000 >= low and seconds * 1000000 <= high then per = seconds * 1000000 break end
  end
  if per <= 0 then return end
  for _, w in ipairs(step.windows) do
    if w[1] / w[2] <= n / per then return end
  end
  local agrees = get('cycle_n') == n and get('cycle_per') == per
  set('cycle_n', n)
  set('cycle_per', per)
  if n > 0 and (agrees or (per >= 10000000 and n >= 8)) then
    set('learned_n', n)
    set('learned_per', per)
    set('explore_at', now + per)
    set('explore_wait', 1)
  end
end

local function reject(report, sent)
  local wait = report.retry_after
  sent = sent or now - report.age -- the report came twice, or the store lost the request
  if report.id == redis.call('HGET', META, 'exploring') then
    unset('exploring')
    set('explore_wait', math.min(64, 2 * (get('explore_wait') or 1)))
    set('explore_at', now + get('explore_wait') * (get('learned_per') or 0))
  end
  if get('closed') then
    if report.id == redis.call('HGET', META, 'probe') then
      unset('probe')
      set('rejected_at', sent)
      set('tries', get('tries') + 1)
    elseif wait == 0 or sent < (get('reopened') or 0) then
      return
    end
  elseif sent < (get('reopened') or 0) then
    return -- an old one: the gate has been open again since it was sent
  else
    set('closed', now)
    set('tries', 1)
    unset('stated', 'rejected_at', 'probe')
  end
  if report.limit then set('evidence', 1) end
  if wait > 0 then
    set('stated', now - report.age + wait)
  else
    local delays = {1, 5, 15, 45, 60}
    wait = delays[math.min(get('tries'), #delays)] * 1000000
  end
  set('until', math.max(get('until') or 0, now - report.age + wait))
end

local function accept(report)
  if report.id == redis.call('HGET', META, 'probe') then
    if get('evidence') then learn(now) end
    set('reopened', now)
    set('ramp', 1)
    unset('closed', 'until', 'probe', 'tries', 'stated', 'rejected_at', 'evidence')
  elseif get('ramp') and not get('closed') then
    set('ramp', get('ramp') + 1)
    if get('ramp') > 64 then unset('ramp') end
  end
  if report.id == redis.call('HGET', META, 'exploring') then
    unset('exploring')
    set('learned_n', get('learned_n') + math.max(1, math.floor(get('learned_n') / 10)))
    set('explore_wait', 1)
    set('explore_at', now + get('learned_per'))
  end
end

for _, report in ipairs(step.reports) do
  local sent = tonumber(redis.call('ZSCORE', INFLIGHT, report.id) or '')
  redis.call('ZREM', INFLIGHT, report.id)
  if report.status == 'unsent' then
    redis.call('ZREM', LOG, report.id)
    if report.id == redis.call('HGET', META, 'probe') then unset('probe') end
    if report.id == redis.call('HGET', META, 'exploring') then unset('exploring') end
  elseif report.status == 'rejected' then
    redis.call('ZREM', LOG, report.id)
    reject(report, sent)
  else
    local at = now - report.age
    if report.status == 'accepted' then
      -- A request counted before its response was sent, and the next one will count
      -- after its way there: both together take the shortest round trip, which is
      -- known after a few responses.
      local samples = redis.call('HINCRBY', META, 'samples', 1)
      local rtt = math.min(get('rtt') or MAX, report.rtt)
      if rtt < (get('rtt') or MAX) then set('rtt', rtt) end
      if samples > 8 then at = at - math.floor(rtt * 3 / 4) end
    end
    if sent then at = math.min(math.max(at, sent), sent + guardOf(report.id)) end
    if sent or not redis.call('ZSCORE', LOG, report.id) then
      redis.call('ZADD', LOG, text(at), report.id)
    end
    if report.status == 'accepted' then
      accept(report)
    elseif report.id == redis.call('HGET', META, 'probe') then
      unset('probe') -- no response: another request probes
    end
  end
end

-- Processes that were heard of within the longest window share the quota; those
-- with a waiting request also have a place in the queue.
if step.leave then
  redis.call('HDEL', PROCESSES, step.process)
  unset('head:' .. step.process)
else
  redis.call('HSET', PROCESSES, step.process, text(now))
end
local processes, rank, heard = 0, 0, {}
local all = redis.call('HGETALL', PROCESSES)
for i = 1, #all, 2 do
  heard[all[i]] = tonumber(all[i + 1])
  if heard[all[i]] < now - keep - step.guard then
    redis.call('HDEL', PROCESSES, all[i])
    unset('head:' .. all[i])
  else
    processes = processes + 1
    if all[i] < step.process then rank = rank + 1 end
  end
end

redis.call('ZREMRANGEBYSCORE', LOG, '-inf', text(now - keep - 1000000))
redis.call('ZREMRANGEBYRANK', LOG, 0, -step.max_log - 1)
local inflight = redis.call('ZREVRANGE', INFLIGHT, 0, -1, 'WITHSCORES')
local flying = #inflight / 2
local windows = step.windows
local learned = get('learned_n') and {get('learned_n'), get('learned_per')}

-- earliest returns when w allows the j-th request from now, and whether that is
-- exact: an in-flight request will count later than it was sent.
local function earliest(w, j)
  local rank = w[1] - j + 1
  local later = 0
  if rank < 1 then -- not within this window
    later = w[2] * math.floor((j - 1) / w[1])
    rank = w[1] - (j - 1) % w[1]
  end
  if rank <= flying then
    return tonumber(inflight[2 * rank]) + w[2] + later, false
  end
  local entry = redis.call('ZREVRANGE', LOG, rank - flying - 1, rank - flying - 1, 'WITHSCORES')[2]
  if not entry then return later > 0 and now + later or 0, true end
  return tonumber(entry) + w[2] + 1000 + later, true
end

-- bound returns the earliest time for the j-th request from now, whether that is
-- exact, and whether only the learned limit is in the way.
local function bound(j)
  local at, exact = math.max(get('until') or 0, get('hold') or 0), true
  for _, w in ipairs(windows) do
    local t, e = earliest(w, j)
    if t > at then at = t end
    exact = exact and e
  end
  local onlyLearned = false
  if learned then
    local t, e = earliest(learned, j)
    onlyLearned = exact and at <= now and (t > now or not e)
    if t > at then at = t end
    exact = exact and e
  end
  return at, exact, onlyLearned
end

-- join puts the process into the queue at the time at which the call at its head
-- began to wait. The time is taken once for each call, so that the order is stable.
local function join(age, head)
  local field = 'head:' .. step.process
  if redis.call('HGET', META, field) ~= tostring(head) or not redis.call('ZSCORE', QUEUE, step.process) then
    redis.call('HSET', META, field, tostring(head))
    redis.call('ZADD', QUEUE, text(now - age), step.process)
  end
end

-- inFlight reports whether the request that field names is in flight. It is not if its
-- process died.
local function inFlight(field)
  local id = redis.call('HGET', META, field)
  return id and redis.call('ZSCORE', INFLIGHT, id)
end

local state, wait, ahead = 'idle', 0, 0
if step.acquire and redis.call('ZSCORE', INFLIGHT, step.acquire.id) then
  state = 'go' -- the step came twice
elseif step.acquire then
  join(step.acquire.age, step.acquire.head)
  for _, process in ipairs(redis.call('ZRANGE', QUEUE, 0, -1)) do
    if process == step.process then break end
    if (heard[process] or 0) < now - step.silence then
      redis.call('ZREM', QUEUE, process)
    else
      ahead = ahead + 1
    end
  end
  local at, exact, onlyLearned = bound(ahead + 1)
  local explore = onlyLearned and ahead == 0 and now >= (get('explore_at') or MAX) and not inFlight('exploring')
  local probe = get('closed') and true
  state = 'go'
  if (at > now or not exact) and not explore then
    state = 'wait'
    wait = math.max(at - now, exact and 0 or step.poll)
    if get('hold') then wait = step.poll end -- it ends when the last process has reported
  elseif probe then
    if ahead > 0 or inFlight('probe') then
      state, wait = 'wait', step.poll
    end
  elseif get('ramp') and flying + ahead >= get('ramp') then
    state, wait = 'wait', step.poll
  end
  if state == 'go' then
    redis.call('ZADD', INFLIGHT, text(now), step.acquire.id)
    seq = redis.call('HINCRBY', META, 'seq', 1)
    if probe then redis.call('HSET', META, 'probe', step.acquire.id) end
    if explore then redis.call('HSET', META, 'exploring', step.acquire.id) end
    redis.call('ZREM', QUEUE, step.process)
    if step.acquire.next then join(step.acquire.next, step.acquire.next_head) end
  end
else
  redis.call('ZREM', QUEUE, step.process)
end

local ttl = text(math.ceil((keep + step.guard) / 1000) + 3600000)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ttl) end

local reply = {state, math.ceil(wait), processes, seq, epoch,
  learned and learned[1] or 0, learned and learned[2] or 0, rank, text(now)}
for _, position in ipairs(step.positions) do
  reply[#reply + 1] = math.ceil(math.max(0, (bound(ahead + position)) - now))
end
return reply
