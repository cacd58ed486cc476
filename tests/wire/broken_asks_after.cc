#include "tests/wire/broken.h"

BROKEN_PLUGIN(asks_after)
