#include "tests/wire/broken.h"

BROKEN_PLUGIN(never_rests)
