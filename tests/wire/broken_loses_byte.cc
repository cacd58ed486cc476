#include "tests/wire/broken.h"

BROKEN_PLUGIN(loses_byte)
