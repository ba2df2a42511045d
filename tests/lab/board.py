# SPDX-License-Identifier: MIT
# Makes a board of MicroPython's unix port: see board_setup.py. Started by scripts/board, without -i: a prompt whose root is this
# computer's must never be taken for a board, so the prompt is asked for when all is set up.
import micropython

try:
    micropython.kbd_intr(-1)
    for _ in (0, 1):  # a Ctrl-C that came before that line is an exception by now
        pass
except KeyboardInterrupt:
    micropython.kbd_intr(-1)
import board_setup

board_setup.power_up(globals())
