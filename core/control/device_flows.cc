#include "core/control/device_flows.h"

#include <openssl/sha.h>

#include <algorithm>

#include "config/limits.h"

namespace sallyport {
namespace {

constexpr int64_t s = 1'000'000'000;

DeviceKey key_of(std::string_view code) {
  DeviceKey key{};
  SHA256(reinterpret_cast<const uint8_t*>(code.data()), code.size(), key.data());
  return key;
}

// RFC 8628, section 3.5: five seconds more, for this poll and those after it.
void slow_down(DeviceFlow& flow) {
  flow.interval_ns =
      std::min(flow.interval_ns + limits::device_interval_s * s, int64_t{limits::device_interval_max_s} * s);
}

}  // namespace

void DeviceFlows::forget_old(int64_t now_ns) {
  std::erase_if(flows_, [now_ns](const auto& one) { return one.second.expires_ns <= now_ns; });
}

Result<void> DeviceFlows::has_room(std::string_view source, int64_t now_ns) {
  forget_old(now_ns);
  const auto same = [source](const auto& one) { return one.second.source == source; };
  if (static_cast<size_t>(std::ranges::count_if(flows_, same)) >= limits::device_flow_count_max_per_source)
    return fail("too many logins are under way from your address: finish one, or wait until they expire");
  if (flows_.size() >= limits::device_flow_count_max)
    return fail("too many logins are under way: try again in a few minutes");
  return {};
}

DeviceKey DeviceFlows::begin(std::string_view code, DeviceFlow flow) {
  const DeviceKey key = key_of(code);
  flows_.insert_or_assign(key, std::move(flow));
  return key;
}

DeviceFlow* DeviceFlows::find(const DeviceKey& key) {
  const auto found = flows_.find(key);
  return found == flows_.end() ? nullptr : &found->second;
}

DeviceFlows::Turn DeviceFlows::poll(std::string_view code, int64_t now_ns, DeviceKey& key) {
  key = key_of(code);
  DeviceFlow* flow = find(key);
  if (flow == nullptr || !flow->is_started) return Turn::unknown;
  if (flow->expires_ns <= now_ns) {
    forget(key);
    return Turn::expired;
  }
  if (flow->is_asked || now_ns < flow->next_ns) {
    slow_down(*flow);
    flow->next_ns = now_ns + flow->interval_ns;
    return Turn::slow_down;
  }
  flow->is_asked = true;
  return Turn::ask;
}

void DeviceFlows::answered(const DeviceKey& key, bool too_fast, int64_t now_ns) {
  DeviceFlow* flow = find(key);
  if (flow == nullptr) return;
  flow->is_asked = false;
  if (too_fast) slow_down(*flow);
  flow->next_ns = now_ns + flow->interval_ns;
}

}  // namespace sallyport
