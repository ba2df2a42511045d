# The part of the agent that changes files; loaded behind files.py, in the same namespace.
from io import BytesIO

# The file that is being written, its name while it is incomplete, and the deflate stream with the bytes it reads from.
writing = None
writing_path = None
inflate = None
source = None
source_end = 0
HIDDEN = b".mpremotefs~"


def close_writing(keep):
    # Gives up what is being written; without KEEP nothing of it stays. Why it is given up is the error that counts, not what a
    # full flash says to this.
    global writing
    f = writing
    writing = None
    if f:
        try:
            f.close()
        except OSError:
            pass
        if not keep:
            try:
                os.remove(writing_path)
            except OSError:
                pass


at_end.append(lambda: close_writing(False))


def hidden(path):
    # The name under which PATH is written until it is complete. A long name is cut: the temporary has to have a name too.
    at = path.rfind(b"/") + 1
    return path[:at] + HIDDEN + path[at : at + 200]


def do_write(size):
    global writing, writing_path, inflate, source, source_end
    flags, bits, length, n = unpack_from("<BBHH", buf, 8)
    at = 14 + n
    path = bytes(mem[14:at])
    end = 8 + size
    if flags & 1:
        close_reading()
        close_writing(False)
        if flags & 8:
            # In place: there is no room for both the old and the new content.
            try:
                os.remove(path)
            except OSError:
                pass
        writing_path = path if flags & 24 else hidden(path)
        writing = open(writing_path, "ab" if flags & 16 else "wb")
    if not writing:
        raise OSError(77)
    try:
        if flags & 4:
            if flags & 32:
                inflate = None
                gc.collect()
                source = BytesIO(block + 64)
                source_end = 0
                inflate = DeflateIO(source, 1, bits)
            rest = source.read(source_end - source.tell())
            source.seek(0)
            source.write(rest)
            source.write(mem[at:end])
            source_end = source.tell()
            source.seek(0)
            while length:
                n = inflate.readinto(chunks[: min(length, len(chunk))])
                if not n:
                    raise OSError(5)
                writing.write(chunks[:n])
                length -= n
        elif length:
            writing.write(mem[at:end])
        if flags & 2:
            writing.close()
            if not flags & 24:
                os.rename(writing_path, path)
            writing = None
            return put_stat(8, os.stat(path)) - 8
    except BaseException:
        inflate = source = None
        close_writing(flags & 16)
        raise
    return 0


def change(call):
    def do(size):
        close_reading()
        call(path_at(8, size))
        return 0

    return do


def do_rename(size):
    close_reading()
    n, = unpack_from("<H", buf, 8)
    os.rename(bytes(mem[10 : 10 + n]), path_at(10 + n, size))
    return 0


requests.update(
    {
        87: do_write,
        77: change(os.mkdir),
        100: change(os.rmdir),
        117: change(os.remove),
        78: do_rename,
    }
)
