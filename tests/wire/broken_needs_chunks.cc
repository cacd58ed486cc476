#include "tests/wire/broken.h"

BROKEN_PLUGIN(needs_chunks)
