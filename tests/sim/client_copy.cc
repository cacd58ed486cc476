// A client's COPY FROM STDIN: its data, cut anywhere, at once or piece by piece; it may give up or go away.
#include "plugins/postgresql/messages.h"
#include "tests/sim/client.h"
#include "tests/sim/copy.h"

namespace sallyport::sim {

// What goes behind the statement at once; else it waits in the segment until the target asks.
std::string Client::make_copy_data(Segment& segment) {
  const Tag& tag = segment.tags.back();
  SimRandom& random = scene_.random();
  const std::string all = copy_data(tag);
  std::string_view data = all;
  while (!data.empty()) {
    const size_t line = data.find('\n') + 1;
    const size_t size = random.chance(500) ? line : random.below(std::min<size_t>(data.size(), 600) + 1);
    segment.copy.push_back(message(pg::front::copy_data, data.substr(0, size)));
    data.remove_prefix(size);
  }
  const bool gives_up = random.chance(200);
  if (gives_up) segment.copy.resize(random.below(segment.copy.size() + 1));
  std::string end = gives_up ? message(pg::front::copy_fail, "not " + planted_value(tag, 3000) + '\0')
                             : message(pg::front::copy_done, {});
  if (!segment.simple) end += message(pg::front::sync, {});
  segment.copy.push_back(std::move(end));
  if (random.chance(700)) return {};
  // Without waiting for the target, which ignores it if it does not come to copy.
  std::string at_once;
  for (const std::string& one : std::exchange(segment.copy, {})) at_once += one;
  return at_once;
}

void Client::feed_copy(uint32_t number) {
  while (!over_ && !waiting_.empty() && waiting_.front().number == number && !waiting_.front().copy.empty()) {
    const bool leaves = plan_.role == Role::deserter || plan_.role == Role::vandal;
    if (leaves && !said_goodbye_ && scene_.random().chance(150)) {
      left_in_copy_ = true;
      waiting_.front().copy.clear();
      return misbehave();
    }
    std::deque<std::string>& copy = waiting_.front().copy;
    send(copy.front());
    copy.pop_front();
    if (scene_.random().chance(600)) continue;
    return scene_.network.after(scene_.delay(100), [this, number] { feed_copy(number); });
  }
  go_on();
}

// It has failed: nobody wants the rest.
void Client::end_copy() {
  if (waiting_.empty() || waiting_.front().copy.empty()) return;
  waiting_.front().copy.clear();
  if (!waiting_.front().simple) send(message(pg::front::sync, {}));
}

}  // namespace sallyport::sim
