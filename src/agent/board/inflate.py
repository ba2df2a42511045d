# The part of the agent that inflates what is written, to files and to ROM partitions; loaded behind base.py, in the same namespace.
from io import BytesIO

# The deflate stream, and the bytes that it reads from.
inflate = None
source = None
source_end = 0


def inflate_from(flags, bits, at, end):
    # Makes buf[at:end] what `inflate` goes on with.
    global inflate, source, source_end
    if flags & 32:
        inflate = None
        gc.collect()
        source = BytesIO(block + 64)
        source_end = 0
        inflate = DeflateIO(source, 1, bits)
    if not inflate:
        raise OSError(77)  # begun with an agent that is gone
    rest = source.read(source_end - source.tell())
    source.seek(0)
    source.write(rest)
    source.write(mem[at:end])
    source_end = source.tell()
    source.seek(0)


def inflate_end():
    global inflate, source
    inflate = source = None
