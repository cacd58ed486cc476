/* table.h - the commands of Redis 7 that the gateway reads; a NULL name ends it. What is not here is
 * UNPARSED. */
#ifndef TABLE_H
#define TABLE_H

#include "commands.h"

extern const struct command data_commands[];
extern const struct command server_commands[];

#endif
