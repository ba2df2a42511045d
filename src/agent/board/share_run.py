# A part of share.py: the program, from its start to the end.
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
    global given_up
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
        given_up = True  # whatever is left of the program asks no more
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
    global given_up
    try:
        error = undo(asking)
        if asking:
            finish(*((3, 0, words_of(error)) if error else (1, 0, b"")))
    finally:
        given_up = True  # a file that is left asks no more
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
    # __main__ is a module, which only an import makes: `from __main__ import *` takes whatever is there for one, and reads some memory as its
    # names where it is none (mp_import_all in py/runtime.c, until 1.27).
    ours["/" + NAME + "/__mpremote.py"] = BytesIO(b"names=globals()")
    path = sys.path[:]
    sys.path[:] = [mounted[0] + "/" + NAME]
    sys.modules["__main__"] = __import__("__mpremote")
    names = sys.modules.pop("__mpremote").names
    sys.path[:] = path + sys.path
    names.clear()
    names["__name__"] = "__main__"
    gc.collect()  # what that import has left would part the free memory, of which an import wants 1 KiB in one piece
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
    try:
        fill(0, 14, 3000, 0)
    finally:
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
    kbd_intr(3)
    again = restart
    # Where the collector finds one of us on the stack, which it may long after, it is to keep no more than that.
    globals().clear()
    if again:
        raise SystemExit  # a soft reset, at the prompt
