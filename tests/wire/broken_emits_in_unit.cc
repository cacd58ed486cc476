#include "tests/wire/broken.h"

BROKEN_PLUGIN(emits_in_unit)
