#include "tests/wire/broken.h"

BROKEN_PLUGIN(keeps_pointer)
