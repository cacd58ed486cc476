#include "tests/wire/broken.h"

BROKEN_PLUGIN(none)
