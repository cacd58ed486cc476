// What a scan ends with.
#pragma once

#include "core/guard/scanner.h"

namespace sallyport::guard {

// Sorts hits by place, joins what overlaps, and takes crowded fields out.
void settle(ScanResult& result);

}  // namespace sallyport::guard
