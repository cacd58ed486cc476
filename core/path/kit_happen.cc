#include "core/path/kit_play.h"

namespace sallyport {

bool kit_happen(KitHost& host, const KitStep& step) {
  switch (step.kind) {
    case KitStep::Kind::kInput: return host.receive(step.leg, step.bytes);
    case KitStep::Kind::kScript: step.change(host.script); return true;
    case KitStep::Kind::kOpened: return host.opened(step.leg);
    case KitStep::Kind::kFailed: return host.failed(step.leg, step.bytes);
    case KitStep::Kind::kTls: return host.tls_done(step.leg);
    case KitStep::Kind::kEnd: return host.end(step.leg);
    case KitStep::Kind::kDecide: return host.decide(step.number, step.verdict, step.state, step.bytes);
    case KitStep::Kind::kReady: return host.ready(step.verdict);
    case KitStep::Kind::kAdvance: return host.advance(static_cast<uint32_t>(step.number));
    case KitStep::Kind::kPolicy: return host.policy_swapped();
    case KitStep::Kind::kSignal: return host.signalled();
    case KitStep::Kind::kShutdown: return host.shutdown(step.bytes);
    case KitStep::Kind::kExpectOutput:
    case KitStep::Kind::kExpectAsk:
    case KitStep::Kind::kExpectNote:
    case KitStep::Kind::kExpectName:
    case KitStep::Kind::kExpectControl:
    case KitStep::Kind::kExpectHeld:
    case KitStep::Kind::kExpectEnded: return true;
  }
  return true;
}

}  // namespace sallyport
