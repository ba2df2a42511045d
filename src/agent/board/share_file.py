# A part of share.py: open files.
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
        global ahead_of
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
        if flags == 4:
            ask(87, head, data, None, 9, True)
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
                self.put(b"", 1)
                self.dirty = False
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
                # Where a Ctrl-C came before anything was sent, it stays open.
                if not self.used and runner is not self:
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
