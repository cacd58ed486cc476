#include "tests/wire/broken.h"

BROKEN_PLUGIN(passes_denied)
