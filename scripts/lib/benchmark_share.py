# SPDX-License-Identifier: MIT
"""The part of scripts/benchmark that measures a directory of the computer on the board, on the simulated lines.

  mpremote-share   `mpremote-share -d LINE -v DIR:/remote:rw run PROGRAM`
  mpytool          `mpytool -p LINE mount -w DIR -- run PROGRAM`
  mpremote         `mpremote connect LINE mount DIR run PROGRAM`

The same PROGRAM runs on the board under each, reads, imports or writes in /remote, and prints what that took by the board's clock, which
is this computer's: so it is measured from the program's first call to its last, without what each needs to start. What was read is
compared by its hash, what was written byte by byte. The floor is what the line needs for the bytes alone: of text going to the board
deflated as one, level 9, with the window of mpremote-share's answers (15 bits), else plain.
"""
import ast
import hashlib
import random
import re
import textwrap
import zlib

KIB = 1024
PROGRAMS = ("mpremote-share", "mpytool", "mpremote")
WINDOW_BITS = 15

# What each job does on the board; `took` starts and stops around it.
READING = """
digest = hashlib.sha256()
piece = bytearray(4096)
start = time.ticks_us()
for name in {names}:
    with open("/remote/" + name, "rb") as file:
        while True:
            got = file.readinto(piece)
            if not got:
                break
            digest.update(memoryview(piece)[:got])
took = time.ticks_diff(time.ticks_us(), start)
"""
IMPORTING = """
digest = hashlib.sha256()
start = time.ticks_us()
modules = [__import__(name[:-3]) for name in {names}]
took = time.ticks_diff(time.ticks_us(), start)
for module in modules:
    digest.update(module.NUMBER)
"""
WRITING = """
block = binascii.hexlify(hashlib.sha256(b"seed").digest())
content = bytearray()
while len(content) < {size}:
    block = binascii.hexlify(hashlib.sha256(block).digest())
    content.extend(block)
digest = hashlib.sha256()
digest.update(content)
content = memoryview(content)
start = time.ticks_us()
with open("/remote/written.bin", "wb") as file:
    for at in range(0, {size}, 4096):
        file.write(content[at : at + 4096])
took = time.ticks_diff(time.ticks_us(), start)
"""
NOT_MICROPYTHON = re.compile(r"\{[^{}]*':'")  # a colon in a string in an f-string
FRAME = "import binascii, hashlib, time\n{code}\nprint('TOOK', took, ''.join('%02x' % byte for byte in digest.digest()))\n"


class Job:
    """One program for the board, and the directory that it works in."""

    def __init__(self, name, words, code, files, digest, floor_bytes, written=None):
        self.name, self.words, self.code, self.files = name, words, code, files
        self.digest, self.floor_bytes, self.written = digest, floor_bytes, written

    def lay_out(self, folder):
        """Makes the directory and the program in FOLDER."""
        share = folder / "share"
        share.mkdir()
        for name, content in self.files.items():
            (share / name).write_bytes(content)
        program = folder / "program.py"
        program.write_text(FRAME.format(code=self.code))
        return share, program

    def seconds(self, output, share):
        """What the program's OUTPUT tells, when all came as it is."""
        found = re.search(rb"TOOK (\d+) ([0-9a-f]{64})", output)
        if not found:
            raise RuntimeError(f"the program did not end on the board: {output[-200:]!r}")
        if found[2].decode() != self.digest:
            raise RuntimeError("the program has got other bytes than there are")
        if self.written is not None and (share / "written.bin").read_bytes() != self.written:
            raise RuntimeError("the file has other bytes than were written")
        return int(found[1]) / 1e6


def deflated(content):
    packer = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS)
    return len(packer.compress(content) + packer.flush())


def functions_of(source):
    """The functions and methods in a Python SOURCE that mean nothing until they are called, each as text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and not node.decorator_list and not node.args.defaults and not node.args.kw_defaults:
            lines = source.splitlines()[node.lineno - 1 : node.end_lineno]
            text = textwrap.dedent("\n".join(lines)) + "\n"
            if text.startswith("def ") and not NOT_MICROPYTHON.search(text):
                yield text


def make_modules(sources, count, size):
    """COUNT modules of SIZE bytes, of functions that people wrote."""
    functions = [text for source in sources for text in functions_of(source) if len(text) < size - 40]
    modules = {}
    for number in range(count):
        module = f"NUMBER = b'{number:02}'\n"
        while functions and len(module) + len(functions[-1]) < size - 2:
            module += functions.pop()
        modules[f"module{number:02}.py"] = (module + "#" * (size - 1 - len(module)) + "\n").encode()
        if functions:  # one that did not fit waits for the next module
            functions.append(functions.pop(0))
    return modules


def chain(size):
    """What WRITING makes: text, as mpytool waits for ever when other bytes are written that end the raw REPL's output."""
    block, content = hashlib.sha256(b"seed").hexdigest().encode(), b""
    while len(content) < size:
        block = hashlib.sha256(block).hexdigest().encode()
        content += block
    return content


def reading(name, words, files, floor_bytes):
    content = b"".join(files.values())
    return Job(name, words, READING.format(names=list(files)), files, hashlib.sha256(content).hexdigest(), floor_bytes)


def make_jobs(text, sources, quick):
    small, large, count = (10, 20, 4) if quick else (50, 100, 20)
    files = {f"part{i:02}.py": text[i * 2 * KIB : (i + 1) * 2 * KIB] for i in range(small)}
    content = text[-large * KIB :]
    noise = random.Random(3).randbytes(large * KIB)
    modules = make_modules(sources, count, 2 * KIB)
    numbers = b"".join(b"%02d" % i for i in range(count))
    written = chain(large * KIB)
    return [
        reading("small", f"{small} files of 2 KiB", files, deflated(b"".join(files.values()))),
        reading("text", f"{large} KiB of text", {"text.py": content}, deflated(content)),
        reading("random", f"{large} KiB at random", {"random.bin": noise}, len(noise)),
        Job(
            "import",
            f"{count} modules of 2 KiB imported",
            IMPORTING.format(names=list(modules)),
            modules,
            hashlib.sha256(numbers).hexdigest(),
            deflated(b"".join(modules.values())),
        ),
        Job(
            "write",
            f"{large} KiB written",
            WRITING.format(size=len(written)),
            {},
            hashlib.sha256(written).hexdigest(),
            len(written),
            written,
        ),
    ]


def command(tools, program, link, share, script):
    if program == "mpytool":
        return [tools.venv / "bin" / "mpytool", "-p", link, "mount", "-w", share, "--", "run", script]
    if program == "mpremote":
        return [tools.venv / "bin" / "mpremote", "connect", link, "mount", share, "run", script]
    return [tools.share, "-d", link, "-v", f"{share}:/remote:rw", "run", script]


def measure_one(tools, board, run, folder, line, program, job):
    """Runs JOB once under PROGRAM. Returns seconds by the board's clock, seconds of the whole process, and the line's counters."""
    folder.mkdir()
    share, script = job.lay_out(folder)
    at = board(tools, line, folder / "board")
    try:
        whole = run(command(tools, program, at.link, share, script), folder / "output")
    finally:
        counters = at.close()
    return job.seconds((folder / "output").read_bytes(), share), whole, counters


def measure(tools, board, run, folder, lines, sources, quick, runs, say):
    """LINES: bytes a second by name. SOURCES: (Python text, the sources that it is of). BOARD and RUN are scripts/benchmark's."""
    folder = folder / "share"
    folder.mkdir()
    jobs = make_jobs(*sources, quick)
    found = {"window_bits": WINDOW_BITS, "lines": {}}
    count = 0
    for line, rate in lines.items():
        results = found["lines"][line] = {"jobs": [], "lost": dict.fromkeys(PROGRAMS, 0), "late_us": dict.fromkeys(PROGRAMS, 0)}
        for job in jobs:
            row = {"name": job.name, "words": job.words, "floor": job.floor_bytes / rate, "programs": {}, "failures": {}}
            results["jobs"].append(row)
            for program in PROGRAMS * runs:
                count += 1
                try:
                    seconds, whole, counters = measure_one(tools, board, run, folder / str(count), line, program, job)
                except Exception as failure:  # that of one program; the others go on
                    row["failures"][program] = str(failure)
                    say(f"{line:5} {program:14} {job.words:30} FAILED: {failure}")
                    continue
                entry = row["programs"].setdefault(program, {"seconds": [], "whole_seconds": []})
                entry["seconds"].append(seconds)
                entry["whole_seconds"].append(whole)
                results["lost"][program] += counters["lost"]
                results["late_us"][program] += counters["late_us"]
                say(f"{line:5} {program:14} {job.words:30} {seconds:6.2f} s, {whole:.2f} s with its start and end")
    return found


def best(row, program):
    return min(row["programs"].get(program, {}).get("seconds", []), default=None)


def times_floor(row):
    ours = best(row, "mpremote-share")
    return None if ours is None else ours / row["floor"]


def times_mpytool(row):
    ours, theirs = best(row, "mpremote-share"), best(row, "mpytool")
    return None if ours is None or theirs is None else theirs / ours


def floor_times_mpytool(row):
    """How many times as fast as mpytool the line itself is: no program can be faster."""
    theirs = best(row, "mpytool")
    return None if theirs is None else theirs / row["floor"]


def targets(found):
    """As benchmark_romfs.targets."""
    floors = {"random": 1.04, "text": 1.1, "write": 1.06}
    for line, results in found.get("lines", {}).items():
        for row in results["jobs"]:
            if line == "usb" or row["name"] == "import":
                limit = (2 if row["name"] == "import" else 1.5) if line == "usb" else 2.5
                words = f"{line} share, {row['words']}, times as fast as mpytool"
                yield words, times_mpytool(row), limit, "{:.2f} x", True, floor_times_mpytool(row)
            elif row["name"] in floors:
                yield f"{line} share, {row['words']}, times the floor", times_floor(row), floors[row["name"]], "{:.3f} x", False
        yield f"{line} share, lost bytes", results["lost"]["mpremote-share"], 0, "{}", False


def print_table(found):
    for line, results in found.get("lines", {}).items():
        print(f"A directory of the computer on the board, {line}\n")
        print(f"  {'':30} {'floor':>9}" + "".join(f"{program:>24}" for program in PROGRAMS))
        for row in results["jobs"]:
            cells = []
            for program in PROGRAMS:
                seconds = best(row, program)
                cells.append("failed" if seconds is None else f"{seconds:.2f} s {seconds / row['floor']:6.2f} x")
            print(f"  {row['words']:30} {row['floor']:7.2f} s" + "".join(f"{cell:>24}" for cell in cells))
        print(f"  {'lost bytes':30} {'':9}" + "".join(f"{results['lost'][program]:>24}" for program in PROGRAMS))
        print(f"  {'line kept waiting':30} {'':9}" + "".join(f"{results['late_us'][program] / 1e6:>22.2f} s" for program in PROGRAMS) + "\n")


def failures(found):
    """Those of mpremote-share and of the peers, as scripts/benchmark lists them."""
    for line, results in found.get("lines", {}).items():
        for row in results["jobs"]:
            for program, words in row["failures"].items():
                yield {"line": line, "program": program, "corpus": row["words"], "words": words}
