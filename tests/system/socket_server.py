# SPDX-License-Identifier: MIT
# A simulated line (its pty, LINE) as a TCP server, as a bridge in a network is one, for socket://:
#
#   socket_server.py LINE CONTROL PLUG PORT
#
# The file PORT gets its port. One client at a time has the line, and a later one takes it over. The board knows nothing of its clients. The
# line "unplug N" in the fifo CONTROL, as linesim has it: when N more bytes have come from the client its connection is closed, and for
# a moment nobody listens; the file PLUG is another one each time.
import os
import select
import socket
import sys
import time
import tty

line_path, control_path, plug, port_file = sys.argv[1:]
GONE = 0.05  # seconds

line = os.open(line_path, os.O_RDWR | os.O_NOCTTY)
tty.setraw(line)
control = os.open(control_path, os.O_RDWR)


def write_file(path, text):
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


class Bridge:
    def __init__(self):
        self.port, self.client, self.left = 0, None, None
        self.listen()

    def listen(self):
        self.server = socket.create_server(("127.0.0.1", self.port))
        self.port = self.server.getsockname()[1]
        write_file(plug, "in\n")

    def drop(self):
        if self.client:
            self.client.close()
        self.client = None

    def accept(self):
        self.drop()
        self.client, _ = self.server.accept()

    def to_client(self, data):
        try:
            if self.client:
                self.client.sendall(data)
        except ConnectionError:
            self.drop()

    def from_client(self):
        try:
            data = self.client.recv(4096)
        except ConnectionError:
            data = b""
        if not data:
            self.drop()
            return
        if self.left is not None:
            data = data[: self.left]
            self.left -= len(data)
        while data:
            data = data[os.write(line, data) :]
        if self.left == 0:
            self.unplug()

    def unplug(self):
        self.left = None
        os.unlink(plug)
        self.drop()
        self.server.close()
        time.sleep(GONE)
        self.listen()


bridge = Bridge()
write_file(port_file, "%d\n" % bridge.port)
while True:
    readable, _, _ = select.select([control, line, bridge.server] + [bridge.client] * bool(bridge.client), [], [])
    if control in readable:
        bridge.left = int(os.read(control, 100).split()[1])
    elif line in readable:
        bridge.to_client(os.read(line, 4096))
    elif bridge.server in readable:
        bridge.accept()
    else:
        bridge.from_client()
