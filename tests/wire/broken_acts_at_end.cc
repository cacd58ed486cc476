#include "tests/wire/broken.h"

BROKEN_PLUGIN(acts_at_end)
