# A part of share.py: requests to the host, and what is read ahead of a program.
def set_tty(least):
    if tty:
        tty[6][6] = least
        tcsetattr(0, 0, tty)


def hear(tag, idle, deserted=False):
    # Reads until the answer to the request of TRY TAG has come, and returns the end of its payload. Or 0 when nothing comes within
    # IDLE ms, -1 when what comes is damaged; the line is quiet then. What is no answer and comes before the first one was typed, it may
    # be; a Ctrl-C was, where it comes before a whole answer, or alone.
    # DESERTED: there is hardly a host, so a Ctrl-C is the end, and what comes behind it is left for whom it is for.
    global interrupted, knocked, maybe, seen
    have = found = 0
    key3 = None
    until = ticks_add(ticks_ms(), idle)
    # More than our host types at a time is an answer without its head.
    while fill(have, have + 1, max(0, min(ticks_diff(until, ticks_ms()), 40 if found > 40 else 9999)), 0):
        have += 1
        while have and (buf[0] != 0xFA or have == 8):
            if have == 8 and unpack_from("<H", buf, 6)[0] == crc32(mem[:6]) & 0xFFFF and unpack_from("<H", buf, 4)[0] <= block:
                break
            if buf[0] != 3:
                found += 1
            elif deserted and have == 1:
                interrupted = KeyboardInterrupt
                return 0
            else:
                key3 = KeyboardInterrupt
            have -= 1
            mem[:have] = bytes(mem[1 : have + 1])
        if have < 8:
            continue
        end = 8 + unpack_from("<H", buf, 4)[0]
        whole = fill(8, end + 4, 300, line[0] if end + 4 > line[0] else 0)
        if seen < 0:
            # The host has sent this before it knew of the request.
            maybe += found
            seen = buf[8] & 31
        if not whole:
            return -1
        if unpack_from("<I", buf, end)[0] != crc32(mem[:end]) & 0xFFFFFFFF:
            return drain()
        interrupted = interrupted or key3
        if buf[2] == 1 and buf[3] == sequence and buf[8] == tag and end >= 10:
            return end
        if buf[2] != 1:
            # Another host, which wants the board for itself.
            interrupted = KeyboardInterrupt
            knocked = True
            return 0
        have = 0  # the answer to an earlier try
        until = ticks_add(ticks_ms(), idle)
    found += have
    if seen < 0:
        maybe += found
    if found > 12:
        return -1  # it may have been an answer
    if not found:
        interrupted = interrupted or key3
    return 0


def drain():
    # What came is damaged: waits until the line is quiet.
    until = ticks_add(ticks_ms(), 6000)
    while poller.poll(40) and ticks_diff(until, ticks_ms()) > 0:
        read(mem if tty else one)
    return -1


def seal(op, tag, end):
    # Makes buf[:end] the frame of a request of TRY TAG. Returns its size.
    size = end if end + 4 & 63 else end + 1
    buf[8] = tag | (128 if size > end else 0)
    pack_into("<BBBBH", buf, 0, 0xFA, op, 1, sequence, size - 8)
    pack_into("<H", buf, 6, crc32(mem[:6]) & 0xFFFF)
    pack_into("<I", buf, size, crc32(mem[:size]) & 0xFFFFFFFF)
    return size + 4


# What only boards do that have the memory for it: runs, and answers in parts.
if block > 1024:

    def rerun(have):
        # Sends what is behind the first HAVE of the run once more.
        at = 0
        while at < run_len:
            size = 12 + unpack_from("<H", ahead, at + 4)[0]
            if have <= 0:
                write(aheads[at : at + size])
            have -= 1
            at += size

    def end_run():
        # Awaits the answer for the run. What has gone wrong is told by its file, when it is written to or closed.
        file = runner
        try:
            file.put()
        except (OSError, MemoryError) as e:
            if run_count:
                raise
            file.failed = e.errno if isinstance(e, OSError) else 12

    def take_part(take, part, size):
        try:
            if buf[9] >> 5 == part:
                take(size)
                return True
        except (OSError, MemoryError):
            pass
        return False


def exchange(op, head, data, take, tries, parts):
    # Has the request go until it is answered, as ask() says. Returns the end of the answer's payload, or 0 or less: there is no host.
    global fresh, typed, maybe, seen, interrupted, most, good
    middle = 9 + len(head)
    end = middle + len(data)
    until = ticks_add(ticks_ms(), 6000 if gone is None else 0)
    while poller.poll(0) and ticks_diff(until, ticks_ms()) > 0:
        read(one)
        if one[0] == 3:
            interrupted = KeyboardInterrupt
        else:
            typed += 1
    seen = -1
    sure = interrupted
    damaged = False
    for count in range(tries if gone is None else 1):
        mem[9:middle] = head
        mem[middle:end] = data
        size = seal(op, count | fresh | parts, end)
        write(mem[:size])
        tag = buf[8]
        # What was written may still be on its way, at 115,200 baud or more; or faster.
        way = (run_len + size) // (8 if line[0] else 64)
        size = hear(tag, way + (700 if count < 3 else 2000), count > 1 or gone is not None)
        part = 0
        while size > 0 and buf[1] == 77:
            if take_part(take, part, size):
                part += 1
                size = hear(tag, 700)
            else:
                size = drain()
        if size > 0 and buf[9] >> 5 != part:
            size = -1
        if size > 0 and buf[1] != 78:
            break
        fresh = 64
        good = 0
        if count:
            most = max(512, most // 2)
        if size > 0:
            if buf[9] & 1:
                interrupted = sure = KeyboardInterrupt
            rerun(buf[10])
            size = 0
            continue
        if size < 0:
            damaged = True
            interrupted = sure
        elif knocked or interrupted and count:
            break  # somebody else is there: our host says it in its answer
    if damaged and size > 0:
        interrupted = sure  # what looks like a Ctrl-C may have been a piece of an answer
    return size


def throw(wait=False):
    # Raises the Ctrl-C that has come, if one has. WAIT: it comes where import asks what is there, and would be lost: import takes every
    # exception for a file that is not there, and goes on. So it is raised when what was found is opened, or something else is asked; but
    # soon, for it may be no import. (No name here is new, since memory is short.)
    global interrupted, until
    end = interrupted
    if end and wait:
        if not until:
            until = ticks_add(ticks_ms(), 300)
        if ticks_diff(until, ticks_ms()) > 0:
            return
    interrupted = until = None
    if end and key == 3:
        raise end


def ask(op, head, data=b"", take=None, tries=9, more=False, parts=0):
    # Has the host do OP, whose payload is HEAD and DATA. TAKE is called with the end of the answer's payload, which begins at buf[10];
    # what it returns is returned. Raises OSError as the host says, or KeyboardInterrupt. MORE: it is of a run, and not answered.
    # PARTS: 32 where TAKE may be called several times, with a part of the answer each.
    global sequence, fresh, typed, maybe, interrupted, offered, most, good, knocked, gone, given_up, runner, run_count, run_len
    middle = 9 + len(head)
    end = middle + len(data)
    if end > 7 + block:
        raise OSError(36)  # a long path
    if given_up or gone is not None and op != 90 and 0 <= ticks_diff(ticks_ms(), gone) < 500:
        raise OSError(5)  # import asks many times in a row
    if run_count and op != 87:
        end_run()
    error = result = begun = None
    kbd_intr(-1)
    try:
        for _ in (0, 1):  # a Ctrl-C that came before is raised here
            pass
        begun = True
        if op != 73 and op != 89:
            answers.clear()
            offered = None
        sequence = sequence + 1 & 255
        if more:
            try:
                mem[9:middle] = head
                mem[middle:end] = data
                frame = mem[: seal(op, fresh, end)]
                aheads[run_len : run_len + len(frame)] = frame
            except MemoryError:
                sequence = sequence - 1 & 255  # a run has no gaps
                raise
            runner = handles[head[0]]
            runner.used = 0
            run_count += 1
            run_len += len(frame)
            write(frame)
            return
        if op == 87:
            handles[head[0]].used = 0  # not before: a Ctrl-C may have come
        set_tty(0)
        knocked = False
        size = exchange(op, head, data, take, tries, parts)
        if size <= 0:
            typed = maybe = 0  # there is no host to tell
            gone = ticks_ms()
            error = 5
        else:
            fresh = 0
            gone = None
            good += 1
            if good & 15 == 0:
                most = min(most * 2, len(ahead or buf))
            if buf[9] & 1:
                interrupted = SystemExit if buf[9] & 16 and before else KeyboardInterrupt
            if buf[1] == 69:
                error = unpack_from("<i", buf, 10)[0]
            elif take:
                result = take(size)
    finally:
        if begun and not more:
            runner = None
            run_count = run_len = 0
            set_tty(1)
        kbd_intr(key)
    if error and op == 87:
        handles[head[0]].failed = error  # told later where a Ctrl-C is raised now
    if (typed or maybe) and op != 90:
        back = pack("<IIB", typed, maybe, seen)
        typed = maybe = 0
        ask(89, back)
    if interrupted and (size <= 0 or op not in (73, 83, 89)):  # see throw(); 89 is asked in here
        if size <= 0 and key == 3:
            # The board is for who is there; and import takes every exception for a file that is not there, and would ask on.
            given_up = True
            unmount()
        throw()
    if error:
        if op == 87:
            handles[head[0]].failed = 0
        raise OSError(error)
    return result


def ask_data(op, head, data, take, parts=0, wanted=12288):
    # The same for what brings DATA, as much as there is room for: WANTED is behind HEAD.
    return ask(op, head + pack("<H", min(len(ahead), wanted)), data, take, 9, False, parts)


def unpack_data(at, end, to):
    # Puts the DATA at buf[at:end] into the memory TO. Returns how many bytes, and whether they are the last.
    global inflate, source, source_end, fresh
    size, = unpack_from("<H", buf, at)
    at += 2
    if size > len(to):
        raise OSError(5)
    if not buf[9] & 2:
        to[:size] = mem[at:end]
        return size, buf[9] & 8
    try:
        if buf[9] & 4:
            # The window goes where the one before it was, and nothing else.
            inflate = None
            gc.collect()
            source = source or BytesIO(block + 64)
            source.seek(0)
            source_end = 0
            inflate = DeflateIO(source, 1, wbits)
        rest = source.read(source_end - source.tell())
        source.seek(0)
        source.write(rest)
        source.write(mem[at:end])
        source_end = source.tell()
        source.seek(0)
        if inflate.readinto(to[:size]) != size:
            raise OSError(5)
    except BaseException:
        inflate = source = None
        fresh = 64
        raise
    return size, buf[9] & 8


def into_ahead(file, offset, at):
    # What puts the DATA behind the answer's first bytes, up to buf[at], into AHEAD: it is from OFFSET in FILE.
    global ahead_of

    def take(end):
        global ahead_of, ahead_at, ahead_len, ahead_last, ahead_when
        have, begin = (ahead_len, 10) if buf[9] > 31 else (0, at)
        size, ahead_last = unpack_data(begin, end, aheads[have:])
        ahead_len = have + size
        ahead_at = offset
        ahead_of = file
        ahead_when = ticks_ms()

    ahead_of = None
    return take


def is_new(when):
    # Whether what came WHEN is taken for what is on the host now.
    return 0 <= ticks_diff(ticks_ms(), when) < 300


def alone():
    # The lock, for a `with` that begins with enter(). Another thread waits for it, and has its turn before who had it has it again. A
    # callback in the middle of a request would wait for ever: it is refused. It runs at a jump, and there is none before enter().
    global waits
    if waits:
        sleep_ms(1)
    waits = lock.locked()
    if waits:
        sleep_ms(1)  # who has just got it says so
        if lock.locked() and owner == get_ident():
            raise OSError(16)
    return lock


def enter():
    global owner, waits
    owner = get_ident()
    waits = False


def free_handle():
    # One that is free, or that of a file which is only read: it can be opened again. They take turns.
    global turn
    for k in range(64):
        turn = turn + 1 & 31
        file = handles[turn]
        if not file:
            return turn
        if k > 31 and file.bits == 1:
            file.handle = handles[turn] = None
            return turn
    raise OSError(24)


def lacks(got):
    # How many bytes the last character of the UTF-8 GOT lacks.
    for k in range(1, min(len(got), 4) + 1):
        c = got[-k]
        if c & 192 != 128:
            return max(0, (1 if c < 128 else 2 if c < 224 else 3 if c < 240 else 4) - k)
    return 0
