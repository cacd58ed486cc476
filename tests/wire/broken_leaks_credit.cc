#include "tests/wire/broken.h"

BROKEN_PLUGIN(leaks_credit)
