# The part of the agent that reads files; loaded behind base.py, in the same namespace.

# The file that is being read, and its path: closed before anything on the board changes.
reading = None
reading_path = None


def close_reading():
    global reading, reading_path
    f = reading
    reading = reading_path = None
    if f:
        f.close()


at_end.append(close_reading)


def put_stat(at, s):
    size = s[6]
    mtime = s[8]
    if size > 0xFFFFFFFF:
        size = 0xFFFFFFFF
    pack_into("<BII", buf, at, s[0] >> 14 & 1, size, mtime if 0 < mtime <= 0xFFFFFFFF else 0)
    return at + 9


def do_stat(size):
    return put_stat(8, os.stat(path_at(8, size))) - 8


def entries(path):
    # "//" is the same directory to the file system as "/", and in bytes.
    if path == b"/":
        for entry in mounts():
            if b"/" not in entry[0]:  # what is mounted further down is in the directory there
                yield entry
        path = b"//"
    try:
        yield from os.ilistdir(path)
    except OSError as e:
        if path != b"//" or e.args[0] != 19:
            raise


def do_list(size):
    path = path_at(8, size)
    os.stat(path)
    # Payloads are numbered: each begins with its number.
    part = 0
    buf[8] = 0
    at = 9
    join = path if path == b"/" else path + b"/"
    for entry in entries(path):
        name = entry[0]
        if name == b"." or name == b"..":
            continue
        if at + 10 + len(name) > 8 + block:
            send(77, at - 8)
            part += 1
            buf[8] = part & 255
            at = 9
        try:
            s = os.stat(join + name)
        except OSError:
            # Such as a link that leads nowhere: what the directory says of it.
            s = (entry[1], 0, 0, 0, 0, 0, entry[3] if len(entry) > 3 else 0, 0, 0, 0)
        buf[at] = len(name)
        buf[at + 1 : at + 1 + len(name)] = name
        at = put_stat(at + 1 + len(name), s)
    return at - 8


def do_read(size):
    global reading, reading_path
    offset, left = unpack_from("<II", buf, 8)
    path = path_at(16, size)
    if path != reading_path:
        close_reading()
        reading = open(path, "rb")
        reading_path = path
    reading.seek(offset)
    while True:
        n = 0
        want = min(left, block)
        while n < want:
            k = reading.readinto(mem[8 + n : 8 + want])
            if not k:
                left = n
                break
            n += k
        left -= n
        if left <= 0:
            return n
        send(77, n)


def do_hash(size):
    path = path_at(12, size)
    s = os.stat(path)
    if s[0] >> 14 & 1 or s[6] != unpack_from("<I", buf, 8)[0]:
        return put_stat(8, s) - 8
    h = sha256()
    with open(path, "rb") as f:
        while True:
            n = f.readinto(chunk)
            if not n:
                break
            h.update(chunks[:n])
    put_stat(8, s)
    mem[17:49] = h.digest()
    return 41


def do_statvfs(size):
    # LittleFS can count the blocks of a file that is open twice.
    close_reading()
    s = os.statvfs(path_at(8, size))
    pack_into("<5I", buf, 8, s[0] & 0xFFFFFFFF, s[1] & 0xFFFFFFFF, s[2] & 0xFFFFFFFF, s[3] & 0xFFFFFFFF, s[9] & 0xFFFFFFFF)
    return 20


requests.update(
    {
        83: do_stat,
        76: do_list,
        82: do_read,
        72: do_hash,
        86: do_statvfs,
    }
)
