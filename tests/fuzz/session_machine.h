// A plugin's whole session machine under what a fuzzer makes up, on the kit's host (core/path/kit_host.h):
// twice at once, in pieces as they are given and byte by byte. Whatever happens, the host's contract is kept
// (nothing passes before its verdict, every byte is passed, dropped or held once), and both sessions say the
// same.
#pragma once

#include <string>
#include <string_view>

#include "core/path/kit_host.h"
#include "core/path/kit_text.h"
#include "tests/fuzz/fuzz.h"

namespace sallyport::fuzz {

class SessionMachine {
 public:
  SessionMachine(const sp_plugin& plugin, const KitScript& script)
      : whole_(plugin, script), cut_(plugin, script) {}

  void receive(uint32_t leg, std::string_view bytes) {
    // Where the other side's bytes wait for these, what they find depends on how many have come.
    const bool awaited = !whole_.leg(1 - (leg & 1)).unconsumed.empty();
    (void)whole_.receive(leg, bytes);
    const size_t piece = awaited ? std::max<size_t>(bytes.size(), 1) : 1;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      if (!cut_.receive(leg, bytes.substr(at, piece))) break;
    }
    check();
  }
  template <typename Act>
  void both(Act act) {
    const bool first = act(whole_);
    const bool second = act(cut_);
    FUZZ_REQUIRE(first == second);
    check();
  }
  // One of the things that may happen to any session.
  void event(Source& source) {
    const uint8_t what = source.u8();
    const uint32_t leg = what >> 4 & 3;
    switch (what & 15) {
      case 0: return both([leg](KitHost& host) { return host.opened(leg); });
      case 1: return both([leg](KitHost& host) { return host.failed(leg, "gone"); });
      case 2: return both([leg](KitHost& host) { return host.tls_done(leg); });
      case 3: return both([leg](KitHost& host) { return host.end(leg); });
      case 4: return both([](KitHost& host) { return host.decide(0, SP_ALLOW, SP_STATE_APPROVED); });
      case 5: return both([](KitHost& host) { return host.decide(0, SP_DENY, SP_STATE_REFUSED); });
      case 6: return both([](KitHost& host) { return host.decide(0, SP_DENY, SP_STATE_EXPIRED); });
      case 7: return both([](KitHost& host) { return host.ready(); });
      case 8: return both([](KitHost& host) { return host.advance(60'000); });
      case 9: return both([](KitHost& host) { return host.signalled(); });
      case 10: return both([](KitHost& host) { return host.shutdown("maintenance"); });
      case 11: return both([](KitHost& host) { return host.policy_swapped(); });
      default: return both([](KitHost& host) { return host.opened(1); });
    }
  }

  [[nodiscard]] const KitHost& host() const { return whole_; }
  [[nodiscard]] std::string take(uint32_t leg) { return whole_.take(leg); }

 private:
  void check() {
    keeps_contract(whole_);
    keeps_contract(cut_);
    same("how it ended", whole_.ended_why(), cut_.ended_why());
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
      same("output", whole_.output(leg), cut_.output(leg));
      same("fates", fates_of(whole_.leg(leg)), fates_of(cut_.leg(leg)));
    }
    for (size_t i = 0; i < kKitTraceCount; ++i) {
      const auto trace = static_cast<KitTrace>(i);
      const auto& a = whole_.trace(trace);
      const auto& b = cut_.trace(trace);
      for (size_t line = 0; line < std::min(a.size(), b.size()); ++line)
        same(kit_trace_name(trace), plain(a[line]), plain(b[line]));
      FUZZ_REQUIRE(a.size() == b.size());
    }
    FUZZ_REQUIRE(whole_.waiting() == cut_.waiting());
  }
  // A request that was held for replies is bound to what is known when it is asked: more, or less, of the
  // session's settings.
  static std::string plain(const std::string& line) { return line.substr(0, line.find(" binding=")); }
  static void keeps_contract(const KitHost& host) {
    for (const std::string& violation : host.violations())
      std::fprintf(stderr, "violation: %s\n", violation.c_str());
    FUZZ_REQUIRE(host.violations().empty());
    for (uint32_t leg = 0; leg < SP_LEG_COUNT_MAX; ++leg) {
      const KitLeg& at = host.leg(leg);
      FUZZ_REQUIRE(at.received == at.passed + at.dropped + at.unconsumed.size());
    }
  }
  static std::string fates_of(const KitLeg& leg) {
    std::string text;
    for (const KitFate& fate : leg.fates)
      text += std::to_string(fate.size) + " to " + std::to_string(fate.to) + ", ";
    return text;
  }
  static void same(const char* what, const std::string& whole, const std::string& cut) {
    if (whole == cut) return;
    std::fprintf(stderr, "%s differ: whole\n%s\nbyte by byte\n%s\n", what, kit_quote(whole).c_str(),
                 kit_quote(cut).c_str());
    FUZZ_REQUIRE(whole == cut);
  }

  KitHost whole_;
  KitHost cut_;
};

}  // namespace sallyport::fuzz
