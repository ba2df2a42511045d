/* SPDX-License-Identifier: MIT */
/* port_list: `mpremotefs --list`: the serial ports of this computer, for people and for programs. */
#ifndef FUSE_PORT_LIST_H
#define FUSE_PORT_LIST_H

#include <stdio.h>

#include "bytelink/device.h"

/* Prints PORTS as a table, with the words of PORT that there are. */
void port_list_print(FILE *out, const struct device_port *ports, size_t count);

/* Prints PORTS as a JSON array of objects; what a port does not tell is null. */
void port_list_print_json(FILE *out, const struct device_port *ports, size_t count);

#endif
