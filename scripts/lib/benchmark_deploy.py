# SPDX-License-Identifier: MIT
"""The part of scripts/benchmark that measures ROM images on their way to a board: whole processes, on the simulated lines.

  deploy        an image of 100 KiB, of Python text and of bytes at random, onto a partition that is memory and one that is a block
                device, by mpremote-romfs, which verifies it, and by mpremote, which does not
  deploy again  the same image once more, by mpremote-romfs
  query         of a partition with 200 files

The seconds are those of whole processes. The floor is what the line needs for the image, deflated if it is text, and what is judged by
it begins when the board is reached, as with a mount ("deploy alone": what mpremote-romfs says that it took, verified). An image of mpremote's that
is not what was sent, after bytes were lost on the line, is marked: it says nothing of it.
"""
import contextlib
import copy
import json
import subprocess

KINDS = {0: "memory", 1: "block device"}
WORDS = {"text": "Python text", "random": "bytes at random"}


def make_images(tools, folder, text, noise, kib):
    """An image of a few files with KIB KiB in all, of each sort; and one with 200 files."""
    images = {}
    for name, content in (("text", text[: kib * 1024]), ("random", noise[: kib * 1024])):
        tree = folder / name
        tree.mkdir()
        step = len(content) // 4 + 1
        for i in range(4):
            (tree / f"part{i}.{'py' if name == 'text' else 'bin'}").write_bytes(content[i * step : (i + 1) * step])
        images[name] = tree.with_suffix(".romfs")
    tree = folder / "many"
    for i in range(200):
        (tree / f"package{i % 10}").mkdir(parents=True, exist_ok=True)
        (tree / f"package{i % 10}" / f"module{i:03}.py").write_bytes(text[i * 200 : i * 200 + 400])
    images["many"] = tree.with_suffix(".romfs")
    for image in images.values():
        subprocess.run([tools.romfs, "build", "--no-mpy", image.with_suffix("")], stdout=subprocess.DEVNULL, check=True)
    return images


class Deploys:
    """Measures on boards with two ROM partitions. BOARD is scripts/benchmark's class, RUN its function."""

    def __init__(self, tools, board, run, folder, say):
        self.tools = copy.copy(tools)
        self.tools.board = [*tools.board, "--roms", "2"]
        self.board, self.run, self.folder, self.say = board, run, folder, say
        self.count = 0

    @contextlib.contextmanager
    def new_board(self, line):
        self.count += 1
        board = self.board(self.tools, line, self.folder / f"board{self.count}")
        board.log_file = self.folder / f"board{self.count}" / "words.log"
        try:
            yield board
        finally:
            board.close()

    def ours(self, board, *words):
        return self.run([self.tools.romfs, "-d", board.link, *words], board.log_file)

    @staticmethod
    def last_report(board):
        words = board.log_file.read_text()
        return json.loads(words[words.rindex("{\n") :])

    def has(self, number, image):
        held = (self.folder / f"board{self.count}" / f"flash.rom{number}").read_bytes()
        return held.startswith(image.read_bytes())

    def deploy(self, line, number, image):
        with self.new_board(line) as board:
            ours = self.ours(board, "deploy", "-p", str(number), "--json", image)
            once = self.last_report(board)
            if not self.has(number, image):
                raise RuntimeError(f"partition {number} has not the image that was deployed")
            again = self.ours(board, "deploy", "-p", str(number), "--json", image)
            written = self.last_report(board)["written"]
        with self.new_board(line) as board:
            command = [self.tools.venv / "bin" / "mpremote", "connect", board.link, "romfs", "-p", str(number), "deploy", image]
            theirs = self.run(command, board.log_file)
            damaged = not self.has(number, image)
        return {
            "seconds": ours,
            "reached_seconds": once["seconds"],
            "again_seconds": again,
            "again_written": written,
            "mpremote_seconds": theirs,
            "mpremote_damaged": damaged,
        }

    def query(self, line, image):
        with self.new_board(line) as board:
            self.ours(board, "deploy", image)
            return min(self.ours(board, "query", "-p", "0") for _ in range(2))


def measure(tools, board, run, folder, lines, sources, quick, runs, say):
    """LINES: bytes a second by name. SOURCES: (text, noise, function from content to its floor's bytes)."""
    text, noise, least = sources
    folder = folder / "deploy"
    folder.mkdir()
    kib = 20 if quick else 100
    images = make_images(tools, folder, text, noise, kib)
    deploys = Deploys(tools, board, run, folder, say)
    found = {"kib": kib, "lines": {}}
    for line, rate in lines.items():
        results = found["lines"][line] = {"deploys": []}
        for name, words in WORDS.items():
            content = images[name].read_bytes()
            for number, kind in KINDS.items():
                rows = [deploys.deploy(line, number, images[name]) for _ in range(runs)]
                best = {key: min(row[key] for row in rows) for key in rows[0]}
                best |= {"content": name, "kind": kind, "floor": (least(content) if name == "text" else len(content)) / rate}
                results["deploys"].append(best)
                say(f"{line:5} romfs deploy of {words}, {kind}: {best['seconds']:.2f} s, mpremote {best['mpremote_seconds']:.2f} s")
        results["query_seconds"] = min(deploys.query(line, images["many"]) for _ in range(runs))
    return found


def targets(found):
    """As benchmark_romfs.targets."""
    for line, results in found.get("lines", {}).items():
        for row in results["deploys"]:
            words = f"{line} romfs deploy of {WORDS[row['content']]} to {row['kind']}, verified"
            if line == "uart":
                limit = 1.1 if row["content"] == "text" else 1.05
                yield f"{words}, times the floor", row["reached_seconds"] / row["floor"], limit, "{:.3f} x", False
            else:
                yield f"{words}, times as fast as mpremote", row["mpremote_seconds"] / row["seconds"], 2, "{:.2f} x", True
        again = max(row["again_written"] for row in results["deploys"])
        yield f"{line} blocks written when the same image is deployed again", again, 0, "{}", False
        if line == "uart":
            seconds = max(row["again_seconds"] for row in results["deploys"])
            yield f"{line} seconds to deploy the same image again", seconds, 1, "{:.2f}", False
            yield f"{line} seconds for a query of 200 files", results["query_seconds"], 1, "{:.2f}", False


def print_table(found):
    for line, results in found.get("lines", {}).items():
        print(f"ROM images of {found['kib']} KiB to a board, {line}\n")
        print(f"  {'':30} {'floor':>9} {'deploy alone':>20} {'mpremote-romfs':>20} {'again':>9} {'mpremote':>20}")
        for row in results["deploys"]:
            keys = ("reached_seconds", "seconds", "mpremote_seconds")
            cells = [f"{row[key]:.2f} s {row[key] / row['floor']:6.2f} x" for key in keys]
            words = f"{WORDS[row['content']]}, {row['kind']}"
            damaged = "  damaged" if row["mpremote_damaged"] else ""
            again = f"{row['again_seconds']:7.2f} s"
            print(f"  {words:30} {row['floor']:7.2f} s {cells[0]:>20} {cells[1]:>20} {again} {cells[2]:>20}{damaged}")
        print(f"  {'query of 200 files':30} {'':30} {results['query_seconds']:9.2f} s\n")
