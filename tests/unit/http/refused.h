// Messages that are refused: each by its own name, however it is cut.
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/http/story.h"

namespace sallyport::http::test {

struct Case {
  std::string name, bytes, code;
};

template <class Make>
void expect_refused_by(const std::vector<Case>& cases, const Make& make) {
  for (const Case& one : cases) {
    for (const Story& story : stories_of(one.bytes, make)) {
      ASSERT_FALSE(story.lines.empty()) << one.name;
      ASSERT_EQ(story.lines.back(), "bad " + one.code) << one.name;
    }
  }
}

}  // namespace sallyport::http::test
