# The part of the agent that brings directories of the host to the board (SHARE in src/agent/protocol.h) and runs a program there. It
# is loaded behind the core and begins when the core has returned, called from the friendly REPL. In its namespace are the core's buf,
# mem, block, free, crc32, line, fill, tty, and `plan`, which the host has set:
#
#   ([path of each share], NAME, [its sys.argv])     NAME: what tracebacks call the program; "": there is none, but a REPL
#
# The board asks, with Ctrl-C off, and the host answers. Nothing is asked without need: what is read goes through AHEAD, which all
# files share, and what is written waits in its file until there is enough of it.
import gc, os, sys
from io import BytesIO, IOBase
from micropython import kbd_intr
from select import poll
from struct import pack, pack_into, unpack_from
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

try:
    from vfs import mount, umount
except ImportError:
    from os import mount, umount
try:
    from deflate import DeflateIO
except ImportError:
    DeflateIO = None
try:
    from _thread import allocate_lock as lock, get_ident
except ImportError:
    get_ident = int

    class lock:
        def locked(self):
            return owner is not None

        def __enter__(self):
            pass

        def __exit__(self, *_):
            global owner
            owner = None


# Where a byte of the core came damaged, a name may be another one: known now, the core is put there again.
buf, mem, block, free, crc32, line, fill, tty
if tty:
    from termios import tcsetattr
write = sys.stdout.buffer.write
read = sys.stdin.buffer.readinto
block = len(buf) - 80
poller = poll()
poller.register(sys.stdin, 1)
one = bytearray(1)

# The window of the deflate stream. It stays all the time, so it is smaller than that of base.py.
wbits = 15 if free > 400000 else 12 if free > 100000 else 10 if free > 30000 else 0
if not DeflateIO:
    wbits = 0
inflate = source = None
source_end = 0

# What was read of a file ahead of its reader, AHEAD_WHEN: ahead[:ahead_len] is from ahead_at in the file AHEAD_OF, whose end follows if
# AHEAD_LAST.
# A line that holds back its writer brings more at once, in parts, to who reads on.
ahead = bytearray(min(block, 12288) if line[0] or free < 120000 else min(free // 12, 49152))
aheads = memoryview(ahead)
ahead_of = None
ahead_at = ahead_len = ahead_last = ahead_when = 0
parts = 32 if len(ahead) > block else 0
# How much is written at once: less on a line that damages much. GOOD: exchanges since it did.
most = len(ahead)
good = 0
# Writes that nobody has answered yet (a run, in protocol.h): their file, how many, and how much of AHEAD their frames have; nothing
# else is in there then.
runner = None
run_count = run_len = 0

# Held by the thread OWNER while it is in a file or a share: all of them share what is here. Whether another WAITS for it.
lock = lock()
owner = None
waits = False

# The number of the last request; 64 when the deflate stream has to start anew; what was found ahead of an answer and was none; whether
# a Ctrl-C was among it, or came in an answer.
sequence = 0
fresh = 64
typed = bytearray()
interrupted = False
# Whether another host is there; when ours was found to be gone, None: it is there; whether it was given up.
knocked = given_up = False
gone = None
# What Ctrl-C is between two requests: -1 once all that is left is to end.
key = 3

# The files that have a handle, by it, and the one that was given out last. What import is going to ask, by path, and the file that it
# will open, from an answer that came when ANSWERED. What is opened once by a path that the host does not know. What is to be as before.
handles = [None] * 32
turn = 0
answers = {}
offered = None
answered = 0
ours = {}
mounted = []
before = restart = None
NAME = "__mpremotefs__"


def set_tty(least):
    if tty:
        tty[6][6] = least
        tcsetattr(0, 0, tty)


def note_typed(byte):
    global interrupted
    if byte == 3:
        interrupted = True
    elif len(typed) < 256:
        typed.append(byte)


def hear(tag, idle, deserted=False):
    # Reads until the answer to the request of TRY TAG has come, and returns the end of its payload. Or 0 when nothing comes within
    # IDLE ms, -1 when what comes is damaged; the line is quiet then. What is no answer and comes before one, somebody has typed.
    # DESERTED: there is hardly a host, so a Ctrl-C is the end, and what comes behind it is left for whom it is for.
    global interrupted, knocked
    have = strange = 0
    until = ticks_add(ticks_ms(), idle)
    # More than our host types at a time is an answer without its head.
    while fill(have, have + 1, max(0, min(ticks_diff(until, ticks_ms()), 40 if strange > 40 else 9999)), 0):
        have += 1
        while have and (buf[0] != 0xFA or have == 8):
            if have == 8 and unpack_from("<H", buf, 6)[0] == crc32(mem[:6]) & 0xFFFF and unpack_from("<H", buf, 4)[0] <= block:
                break
            note_typed(buf[0])
            if buf[0] == 3 and deserted and have == 1:
                return 0
            strange += 1
            have -= 1
            mem[:have] = bytes(mem[1 : have + 1])
        if have < 8:
            continue
        end = 8 + unpack_from("<H", buf, 4)[0]
        if not fill(8, end + 4, 300, line[0] if end + 4 > line[0] else 0):
            return -1
        if unpack_from("<I", buf, end)[0] != crc32(mem[:end]) & 0xFFFFFFFF:
            break
        if buf[2] == 1 and buf[3] == sequence and buf[8] == tag and end >= 10:
            return end
        if buf[2] != 1:
            # Another host, which wants the board for itself.
            interrupted = knocked = True
            return 0
        have = 0  # the answer to an earlier try
        until = ticks_add(ticks_ms(), idle)
    return drain() if have else 0


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
        except OSError as e:
            file.failed = e.errno

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
    global fresh, typed, interrupted, most, good
    middle = 9 + len(head)
    end = middle + len(data)
    for _ in range(300 if gone is None else 0):
        if not poller.poll(0):
            break
        read(one)
        note_typed(one[0])
    # So much has been typed for certain, whatever becomes of the answer.
    sure = len(typed), interrupted
    for count in range(tries if gone is None else 1):
        mem[9:middle] = head
        mem[middle:end] = data
        size = seal(op, count | fresh | parts, end)
        write(mem[:size])
        tag = buf[8]
        size = hear(tag, 700 if count < 3 else 2000, count > 1 or gone is not None)
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
                interrupted = True
                sure = sure[0], True
            rerun(buf[10])
            size = 0
            continue
        came = typed[sure[0] :]
        if len(came) > 12 and min(came) < 3 and not knocked:
            # What nobody types: it was an answer, in pieces.
            typed = typed[: sure[0]]
            interrupted = sure[1]
        elif knocked or interrupted and count and not size:
            break  # somebody else is there: our host says it in its answer
    return size


def ask(op, head, data=b"", take=None, tries=9, more=False, parts=0):
    # Has the host do OP, whose payload is HEAD and DATA. TAKE is called with the end of the answer's payload, which begins at buf[10];
    # what it returns is returned. Raises OSError as the host says, or KeyboardInterrupt. MORE: it is of a run, and not answered.
    # PARTS: 32 where TAKE may be called several times, with a part of the answer each.
    global sequence, fresh, typed, interrupted, offered, most, good, knocked, gone, given_up, runner, run_count, run_len
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
            mem[9:middle] = head
            mem[middle:end] = data
            size = seal(op, fresh, end)
            aheads[run_len : run_len + size] = mem[:size]
            run_count += 1
            run_len += size
            write(mem[:size])
            return
        set_tty(0)
        knocked = False
        size = exchange(op, head, data, take, tries, parts)
        if size <= 0:
            typed = bytearray()  # there is no host to give it back to
            gone = ticks_ms()
            error = 5
        else:
            fresh = 0
            gone = None
            good += 1
            if good & 15 == 0:
                most = min(most * 2, len(ahead))
            if buf[9] & 1:
                interrupted = True
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
    if typed and op != 90:
        back = typed
        typed = bytearray()
        ask(89, b"", back)
    if interrupted:
        interrupted = False
        if key == 3:
            if error and size <= 0:
                # The board is for who is there; and import takes every exception for a file that is not there, and would ask on.
                given_up = True
                unmount()
            raise SystemExit if size > 0 and buf[9] & 16 and before else KeyboardInterrupt
    if error:
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
            inflate = source = None
            gc.collect()
            source = BytesIO(block + 64)
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


# A file is four classes and a share two, each no larger than a small board can compile at once.
class Opened(IOBase):
    # SHARE: None for the program itself. BITS: of enum share_open; 0: closed.
    def __init__(self, share, path, bits, text):
        self.share = share
        self.path = path
        self.bits = bits
        self.text = text
        self.pos = self.used = self.failed = 0
        self.dirty = False
        self.out = self.handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        got = self.readline()
        if not got:
            raise StopIteration
        return got

    def open(self, ahead=False):
        # Has the host open it, and with AHEAD send what it begins with.
        handle = free_handle()
        head = bytes((self.share.number, handle, self.bits))
        path = self.path.encode()
        if ahead:
            ask_data(79, head, path, into_ahead(self, 0, 18), parts)
        else:
            ask(79, head + b"\0\0", path, self.to_end if self.bits & 16 else None)
        self.handle = handle
        handles[handle] = self
        return self

    def to_end(self, end):
        self.pos, = unpack_from("<I", buf, 10)

    def some(self):
        # Sees to it that AHEAD has what comes next. Returns how much of it there is.
        global ahead_last
        asked = False
        wanted = 12288
        while True:
            if ahead_of is self and ahead_at <= self.pos:
                n = ahead_at + ahead_len - self.pos
                if n == 0:
                    wanted = len(ahead)
                if n > 0:
                    return n
                if asked or n == 0 and ahead_last:
                    ahead_last = 0  # the next time it may have grown
                    return 0
            if not self.share:
                ask_data(80, pack("<I", self.pos), b"", into_ahead(self, self.pos, 14), parts, wanted)
            else:
                if self.handle is None:
                    self.open()
                ask_data(82, pack("<BI", self.handle, self.pos), b"", into_ahead(self, self.pos, 10), parts, wanted)
            asked = True

    def check(self, bit):
        if not self.bits & bit:
            raise OSError(9)
        if bit == 1 and (self.used or runner is self):
            self.put()


class Read(Opened):
    def readinto(self, to, size=-1):
        with alone():
            enter()
            self.check(1)
            to = memoryview(to)
            item = len(bytes(to[:1]))
            size = min(size & 0x3FFFFFFF, len(to) * item)  # a negative one is a large one
            return BytesIO(self.get(size)).readinto(to) if item > 1 else self.into(to, size)

    def into(self, to, size):
        # Returns how much of TO is filled: SIZE, unless the file ends before.
        done = 0
        while done < size:
            n = min(self.some(), size - done)
            if not n:
                break
            at = self.pos - ahead_at
            to[done : done + n] = aheads[at : at + n]
            done += n
            self.pos += n
        return done

    def get(self, size, line=False):
        # SIZE bytes, or what is left of the file, or of the LINE; -1: all that is left.
        got = b""
        while size:
            n = self.some()
            if not n:
                break
            if 0 < size < n:
                n = size
            at = self.pos - ahead_at
            end = line and ahead.find(b"\n", at, at + n) + 1
            if end:
                n = size = end - at
            got += aheads[at : at + n]
            self.pos += n
            size -= n if size > 0 else 0
        return got

    def read(self, size=-1):
        with alone():
            enter()
            return self.content(size)

    def content(self, size):
        self.check(1)
        if size is None or size < 0:
            got = self.get(-1)
        elif size < len(ahead):
            got = self.get(size)
        else:
            got = bytearray(size)
            got = bytes(memoryview(got)[: self.into(memoryview(got), size)])
        if not self.text:
            return got
        if size and size > 0 and got and max(got) > 127:
            # So many characters are asked for.
            while True:
                more = self.get(size - sum(c & 192 != 128 for c in got) or lacks(got))
                if not more:
                    break
                got += more
        return str(got, "utf8")

    def readline(self, size=-1):
        with alone():
            enter()
            self.check(1)
            got = self.get(size, True)
            return str(got, "utf8") if self.text else got

    def readlines(self):
        return list(self)


class Write(Read):
    def put(self, data=b"", flags=0):
        # Writes what waits, and DATA behind it. FLAGS: of enum share_write; 4 only where there is room for one more of a run.
        global ahead_of, runner
        if run_count and runner is not self:
            end_run()
        if ahead_of and ahead_of.path == self.path:
            ahead_of = None
        size = self.used + len(data)
        if flags == 4:
            file = ahead_of
            # Whether somebody wants what AHEAD has.
            wanted = file and file.bits and ahead_at <= file.pos < ahead_at + ahead_len
            if wanted or block <= 1024 or run_count == 7 or run_len + size + 28 > most:
                flags = 0
            else:
                ahead_of = None
        at = self.pos - self.used
        head = pack("<BBI", self.handle, flags | run_count << 4, 0xFFFFFFFF if self.bits & 16 else at)
        grows = self.bits & 16 and (size or run_count)
        if self.used:
            head += memoryview(self.out)[: self.used]
        self.used = 0
        if flags == 4:
            ask(87, head, data, None, 9, True)
            runner = self
            self.pos += len(data)
            return

        def take(end):
            self.pos = unpack_from("<I", buf, 10)[0] if grows else self.pos + len(data)

        ask(87, head, data, take)

    def tell_failed(self):
        error = self.failed
        self.failed = 0
        if error:
            raise OSError(error)

    def write(self, data, at=-1, n=None):
        # N bytes from AT on, or AT bytes; a negative number is a large one.
        with alone():
            enter()
            self.check(2)
            self.tell_failed()
            data = memoryview(data)
            if len(bytes(data[:1])) > 1:
                data = memoryview(bytes(data))
            if n is None:
                at, n = 0, at
            at &= 0x3FFFFFFF
            data = data[at : at + (n & 0x3FFFFFFF)]
            size = len(data)
            room = min(block - 8, 1152, max(256, free >> 7))
            self.dirty = True
            at = 0
            while at < size:
                n = min(size - at, max(room, min(most, block - 8)) - self.used)
                if self.used + n >= room:
                    self.put(data[at : at + n], 4)
                else:
                    if not self.out:
                        self.out = bytearray(room)
                    self.out[self.used : self.used + n] = data[at : at + n]
                    self.used += n
                    self.pos += n
                at += n
            return size


class File(Write):
    def seek(self, offset, whence=0):
        global ahead_of
        with alone():
            enter()
            if not self.bits:
                raise OSError(9)
            if self.used or runner is self:
                self.put()
            if whence == 2 and self.handle is None:
                self.open()
            if whence == 2:
                offset += ask(115, bytes((self.handle,)), b"", lambda end: unpack_from("<I", buf, 10)[0])
            elif whence:
                offset += self.pos
            if not 0 <= offset < 0xFFFFFFFF:
                raise OSError(22)
            if ahead_of is self and offset < self.pos and not is_new(ahead_when):
                ahead_of = None
            self.pos = offset
            return offset

    def tell(self):
        with alone():
            enter()
            if (self.used or runner is self) and self.bits & 16:
                self.put()
            return self.pos

    def flush(self):
        with alone():
            enter()
            if self.dirty and self.bits & 2:
                self.dirty = False
                self.put(b"", 1)
                self.tell_failed()

    def close(self):
        with alone():
            enter()
            handle = self.handle
            bits = self.bits
            try:
                if bits & 2 and (self.used or runner is self):
                    self.put(b"", 2)
                elif bits & 2:
                    ask(67, bytes((handle,)))
                self.tell_failed()
            finally:
                self.bits = 0
                self.handle = self.out = None
                if handle is not None:
                    handles[handle] = None

    def ioctl(self, request, argument):
        # FLUSH, POLL, CLOSE, and how much import reads at a time (py/stream.h).
        if request == 1:
            self.flush()
        elif request == 3:
            return argument & 5
        elif request == 4:
            self.close()
        elif request == 11:
            return 255
        else:
            return -22
        return 0


try:
    from time import gmtime

    epoch = 946684800 if gmtime(0)[0] == 2000 else 0
except ImportError:
    epoch = 0


def stat_of(kind, size, mtime):
    if not kind:
        raise OSError(2)
    mtime = max(0, mtime - epoch)
    return (0x4000 if kind == 2 else 0x8000, 0, 0, 0, 0, 0, size, mtime, mtime, mtime)


class Names:
    def __init__(self, number):
        self.number = number
        self.cwd = "/"

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def at(self, path):
        # PATH from the share's top, as the host wants it.
        if isinstance(path, bytes):
            path = str(path, "utf8")
        parts = []
        for part in (path if path[:1] == "/" else self.cwd + path).split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part and part != ".":
                parts.append(part)
        return "/".join(parts)

    def ask(self, op, path, take=None):
        with alone():
            enter()
            return ask(op, bytes((self.number,)), self.at(path).encode(), take)

    def import_stat(self, path):
        # The STAT of PATH; the answers to what import asks after it are kept, each to be used once.
        def take(end):
            global offered, answered
            kind, size, mtime, py, mpy = unpack_from("<BIIBB", buf, 10)
            name = path + "/__init__" if kind == 2 else path
            answers.clear()
            offered = None
            answers[name + ".py"] = (self, py, 0, 0)
            answers[name + ".mpy"] = (self, mpy, 0, 0)
            name += ".py" if py == 1 else ".mpy"
            if py == 1 or mpy == 1:
                offered = File(self, name, 1, False)
                answers[name] = (self, 1) + unpack_from("<II", buf, 21)
                into_ahead(offered, 0, 29)(end)
            answered = ticks_ms()
            return kind, size, mtime

        return ask_data(73, bytes((self.number,)), path.encode(), take)

    def stat(self, path):
        with alone():
            enter()
            path = self.at(path)
            known = answers.pop(path, None)
            if known and known[0] is self and is_new(answered):
                return stat_of(*known[1:])
            if not path:
                return stat_of(2, 0, 0)
            if path.startswith(NAME + "/"):
                return stat_of("/" + path in ours, 0, 0)
            if "." not in path.split("/")[-1]:
                return stat_of(*self.import_stat(path))
            return stat_of(*ask(83, bytes((self.number,)), path.encode(), lambda end: unpack_from("<BII", buf, 10)))


class Share(Names):
    def open(self, path, mode):
        global offered
        with alone():
            enter()
            if path in ours:
                return ours.pop(path)
            path = self.at(path)
            bits = 0
            for c in mode:
                new = {"r": 1, "w": 14, "a": 22, "x": 38}.get(c, 0)
                if new and bits:
                    raise ValueError
                bits |= 3 if c == "+" else new
            bits = bits or 1
            text = mode.rfind("t") >= mode.rfind("b")
            file = File(self, path, bits, text)
            if bits != 1:
                return file.open()
            if offered and offered.share is self and offered.path == path and is_new(answered):
                file = offered
                offered = None
                file.text = text
                return file
            return file.open(True)

    def page(self, path, after):
        def take(end):
            global ahead_of
            ahead_of = None
            size, last = unpack_data(10, end, aheads)
            return bytes(aheads[:size]), last

        with alone():
            enter()
            return ask_data(76, bytes((self.number,)), bytes((len(after),)) + after + path.encode(), take)

    def ilistdir(self, path):
        return self.entries(self.at(path), isinstance(path, bytes))

    def entries(self, path, as_bytes):
        name = b""
        last = False
        while not last:
            page, last = self.page(path, name)
            at = 0
            while at < len(page):
                kind, size, n = unpack_from("<BIB", page, at)
                at += 6 + n
                name = page[at - n : at]
                yield (name if as_bytes else str(name, "utf8"), 0x4000 if kind == 2 else 0x8000, 0, size)

    def statvfs(self, path):
        return self.ask(86, path, lambda end: unpack_from("<10I", buf, 10))

    def mkdir(self, path):
        self.ask(77, path)

    def rmdir(self, path):
        self.ask(100, path)

    def remove(self, path):
        self.ask(117, path)

    def rename(self, old, new):
        with alone():
            enter()
            old = self.at(old).encode()
            ask(78, pack("<BH", self.number, len(old)) + old, self.at(new).encode())

    def chdir(self, path):
        path = self.at(path)
        if path and self.stat("/" + path)[0] != 0x4000:
            raise OSError(20)
        self.cwd = "/" + path + "/" if path else "/"

    def getcwd(self):
        return self.cwd[:-1] or "/"


def put_back(name, value):
    try:
        getattr(sys, name)[:] = value
    except Exception:
        setattr(sys, name, value)  # the program has put something else there


def unmount():
    # The shares are nowhere any more. What is in sys stays as it is: an import that is under way would read behind the path's end.
    if before:
        try:
            os.chdir(before[1])
        except OSError:
            os.chdir("/")
    for path in mounted:
        try:
            umount(path)
        except OSError:
            pass  # the program has done it
    mounted.clear()


def undo(asking=True):
    # All is as before. Returns what has gone wrong with a file that was still open; without ASKING the host is not asked. Where it has
    # raised, it can be called again.
    global key, inflate, source, fresh
    key = -1
    kbd_intr(key)
    # First what the program had in memory: it may be all there is.
    inflate = source = None
    fresh = 64
    sys.modules.pop(NAME, None)
    if before:
        path, _, args, modules = before
        for name in list(sys.modules):
            if name not in modules:
                del sys.modules[name]
        sys.modules.update(modules)
        put_back("path", path)
        put_back("argv", args)
    gc.collect()
    error = None
    for file in handles:
        if file and asking:
            try:
                file.close()
            except Exception as e:
                error = e
    unmount()
    gc.collect()
    return error


def finish(how, code, words):
    # Tells the host what the end was, in as many frames as the words need.
    with alone():
        enter()
        room = block - 16
        try:
            while len(words) > room:
                ask(90, pack("<Bi", 0, 0), words[:room], None, 5)
                words = words[room:]
            ask(90, pack("<Bi", how, code), words, None, 5)
        except OSError:
            pass  # nobody is there
        kbd_intr(3)


def words_of(error):
    # As it is printed, without the lines that are ours: the first, and the last before the exception.
    text = BytesIO()
    try:
        sys.print_exception(error, text)
    except Exception:
        text.write(str(type(error)) + "\n")  # it cannot say what it is
    try:
        lines = text.getvalue().split(b"\n")
        if len(lines) > 2 and lines[1].startswith(b"  File "):
            del lines[1]
            at = len(lines) - 1
            while at and not lines[at].startswith(b"  File "):
                at -= 1
            while lines[at].startswith(b'  File "<string>"'):
                del lines[at]
                at -= 1
        return b"\n".join(lines)
    except MemoryError:
        return b"MemoryError\n"


def stop(asking=True):
    # Called where a REPL is to be left, or its host has gone.
    error = undo(asking)
    if asking:
        finish(*((3, 0, words_of(error)) if error else (1, 0, b"")))
    kbd_intr(3)


def is_there(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def mount_all(paths):
    # Returns the words that say why not, or None.
    global before
    for path in paths:
        if is_there(path):
            return path.encode()
    modules = sys.modules.copy()
    sys.modules[NAME] = stop
    before = sys.path[:], os.getcwd(), sys.argv[:], modules
    for path in paths:
        try:
            mount(Share(len(mounted)), path)
        except OSError as e:
            undo()
            return (path + "\n" + str(e)).encode()
        mounted.append(path)
    sys.path[:0] = [paths[0], paths[0].rstrip("/") + "/lib"]
    os.chdir(paths[0])


def run(name):
    # Returns how the program has ended: 1 at its end, 2 by sys.exit, 3 by an exception; the exit code; words, or the exception.
    ours[name] = File(None, name, 1, False)
    # machine.soft_reset is sys.exit itself. The place where imports look last has a machine whose soft_reset is another.
    ours["/" + NAME + "/machine.py"] = BytesIO(b"from umachine import *\ndef soft_reset():raise SystemExit(...)\n")
    sys.path.append(mounted[0] + "/" + NAME)
    names = {"__name__": "__main__"}

    class Main:
        def __getattr__(self, name):
            if name in names:
                return names[name]
            raise AttributeError(name)

    sys.modules["__main__"] = main = Main()
    main.__dict__ = names
    try:
        execfile(name, names)
        return 1, 0, b""
    except SystemExit as e:
        global restart
        code = e.args[0] if e.args else 0
        if code is ...:
            restart = True
            code = 0
        if isinstance(code, int) or code is None:
            return 2, int(code or 0) & 255, b""
        try:
            return 2, 1, str(code).encode() + b"\n"
        except Exception as e:
            return 3, 1, e
    except BaseException as e:
        return 3, 1, e


def banner():
    # The first line that the board says when it has started.
    try:
        return (sys.version.split("; ")[1] + "; " + sys.implementation._machine).encode()
    except (AttributeError, IndexError):
        return b"MicroPython "


def begin():
    # The host says when it listens.
    global ahead, aheads
    paths, name, argv = plan
    set_tty(0)
    fill(0, 14, 3000, 0)
    set_tty(1)
    try:
        ask(72, pack("<HIB", block, free, wbits), banner())
        refused = mount_all(paths)
        if refused:
            finish(4, 1, refused)
            globals().clear()
            return
        for done in "send", "requests", "at_end", "banner", "is_there", "mount_all":
            del globals()[done]  # nobody needs them again, and memory is short
        if not name:
            return
        sys.argv[:] = argv
        gc.collect()
        end = run(name)
    except BaseException as e:
        end = 3, 1, e
    how, code, words = end
    for _ in (0, 1):
        try:
            error = undo()
            if error and how < 3:
                how, code, words = 3, 1, error
            finish(how, code, words_of(words) if how == 3 else words)
            break
        except BaseException:
            ahead = aheads = None  # a Ctrl-C came before; or memory is short
    again = restart
    # Where the collector finds one of us on the stack, which it may long after, it is to keep no more than that.
    globals().clear()
    if again:
        raise SystemExit  # a soft reset, at the prompt

