# SPDX-License-Identifier: MIT
# The machine module with a unique_id, which the unix port lacks. A small file of its own because it stays on the board's heap.
import machine
from sys import modules


class Machine:
    def __getattr__(self, name):
        return getattr(machine, name)


# ID: the bytes, two digits each.
def install(id):
    id = bytes([int(id[at : at + 2], 16) for at in range(0, len(id), 2)])
    modules["machine"] = Machine()
    modules["machine"].unique_id = lambda: id
