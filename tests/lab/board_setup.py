# SPDX-License-Identifier: MIT
# What a board does at power-up, for MicroPython's unix port: a flash of its own instead of this computer's files, ROM partitions,
# boot.py and main.py. Its command line is made by scripts/board:
#
#   micropython board.py FLASH KIND ROMS TRAITS ID
#
#   FLASH   file that holds the flash; beside it are FLASH.writes and FLASH.cut: see board_flash.py
#   KIND    lfs2, lfs1, fat, or auto: what FLASH holds already, and lfs2 on a blank one
#   ROMS    where the ROM partitions lie in memory, ADDRESS:SIZE,... or -: see board_rom.py
#   TRAITS  in what the board differs, WORD,... or -: see board_traits.py
#   ID      machine.unique_id(), two digits for each byte, or none: see board_machine.py
import gc, micropython, os, sys, vfs


def is_blank(path):
    with open(path, "rb") as file:
        return file.read(64) == b"\xff" * 64


def open_kind(path, kind):
    import board_flash

    flash = board_flash.Flash(path, 512 if kind == "fat" else 4096)
    make, options = {
        "lfs2": (vfs.VfsLfs2, {"mtime": True}),
        "lfs1": (vfs.VfsLfs1, {}),
        "fat": (vfs.VfsFat, {}),
    }[kind]
    if is_blank(path):
        make.mkfs(flash)
    system = make(flash, **options)
    system.statvfs("/")  # FAT does not look at the flash before
    return system


# The file system on the flash in file PATH; a blank one is formatted.
def open_flash(path, kind):
    for name in ("lfs2", "lfs1", "fat") if kind == "auto" else (kind,):
        try:
            return open_kind(path, name)
        except OSError:
            pass
    raise OSError("%s holds no file system (looked for: %s). Remove it to start with a blank flash." % (path, kind))


def set_up(flash, kind, roms, traits, id):
    system = open_flash(flash, kind)
    mount_rom = None
    if roms != "-":
        import board_rom

        mount_rom = board_rom.install(roms, flash, "old-rom" in traits)
    mount = vfs.mount
    if traits != "-":
        import board_traits

        mount = board_traits.install(traits, flash, open_flash) or mount
    if id != "none":
        import board_machine

        board_machine.install(id)
    vfs.umount("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    mount(system, "/")
    os.chdir(sys.path[2][:-4] or "/")  # where its lib is
    if mount_rom:
        mount_rom()


def forget_traces(names):
    sys.argv[:] = [""]
    for name in ("board_setup", "board_flash", "board_rom", "board_traits", "board_machine"):
        sys.modules.pop(name, None)
    for name in ("board_setup", "micropython", "_"):
        names.pop(name, None)
    names.pop("__file__", None)


def run(name, names):
    try:
        os.stat(name)
    except OSError:
        return
    try:
        execfile(name, names)
    except SystemExit:
        os.unsetenv("MICROPYINSPECT")  # the board starts again, and has no prompt before
        raise
    except BaseException as error:
        sys.print_exception(error)


def power_up(names):
    try:
        micropython.opt_level(3)
        set_up(*sys.argv[1:])
        micropython.opt_level(0)
    except BaseException as error:
        sys.print_exception(error, sys.stderr)
        sys.exit(1)
    forget_traces(names)
    os.putenv("MICROPYINSPECT", "1")
    gc.collect()
    micropython.kbd_intr(3)
    run("boot.py", names)
    if os.getenv("BOARD_BOOT") != "soft-reset-raw":  # as every port: main.py runs only before the friendly REPL
        run("main.py", names)
