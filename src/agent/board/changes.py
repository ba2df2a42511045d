# The part of the agent that changes files; loaded behind files.py and inflate.py, in the same namespace.

# The file that is being written, and its name while it is incomplete.
writing = None
writing_path = None
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
                # A rename that failed for want of room stays pending in LittleFS 2, for a place in a directory: what has the place
                # when the next change is written vanishes, and a remove gives it to the next file. So it is written to before.
                open(writing_path, "wb").close()
                os.remove(writing_path)
            except OSError:
                pass


at_end.append(lambda: close_writing(False))


def temporary(path, base, mark, tells):
    # The name under which PATH is written until it is complete (src/board/leftovers.h). Where it TELLS nothing, a long one is cut.
    at = path.rfind(b"/") + 1
    name = path[base:].replace(b",", b",,").replace(b"/", b",-") if tells else path[at : at + 200]
    return path[: base or at] + HIDDEN + mark + name


def do_write(size):
    global writing, writing_path
    flags, bits, length, n, base = unpack_from("<BBHHB", buf, 8)
    at = 15 + n
    path = bytes(mem[15:at])
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
        writing_path = path if flags & 24 else temporary(path, base, b"-", flags & 64)
        writing = open(writing_path, "ab" if flags & 16 else "wb")
    if not writing:
        raise OSError(77)
    try:
        if flags & 4:
            inflate_from(flags, bits, at, end)
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
            # A rename changes nothing of this, and LittleFS finds it sooner where the temporary is.
            size = put_stat(8, os.stat(writing_path)) - 8
            if not flags & 24:
                if flags & 64:
                    # FAT removes what a rename goes over: from here on the host sees to it that this is kept.
                    complete = temporary(path, base, b"+", True)
                    os.rename(writing_path, complete)
                    writing_path = complete
                    writing = None
                os.rename(writing_path, path)
            writing = None
            return size
        if flags & 64 and flags & 1:
            writing.flush()  # FAT's directory has to know the blocks, so that they come back with the file
    except BaseException:
        inflate_end()
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
    n, m = unpack_from("<HH", buf, 8)
    n += 12
    m += n
    path = bytes(mem[n:m])
    # On FAT: it removes what a rename goes over, so that has to be elsewhere until all is done (src/board/leftovers.h).
    aside = path_at(m, size)
    if aside:
        open(path, "ab").close()  # fails where it cannot be removed in the end
        os.rename(path, aside)
    try:
        os.rename(bytes(mem[12:n]), path)
    except OSError:
        if aside:
            os.rename(aside, path)
        raise
    if aside:
        os.remove(aside)
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
