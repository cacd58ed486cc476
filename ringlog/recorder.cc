#include "ringlog/recorder.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "config/check.h"
#include "config/limits.h"
#include "record_generated.h"
#include "ringlog/frame.h"

namespace sallyport::ringlog {
namespace {

using flatbuffers::Offset;
using flatbuffers::String;
using FieldsOffset = Offset<flatbuffers::Vector<Offset<fbs::Field>>>;
using NamesOffset = Offset<flatbuffers::Vector<Offset<String>>>;

// Room that only the ends of things may take, so that a session refused for want of room can still say so.
size_t reserve_of(const ByteRing& ring) { return std::min<size_t>(64 * limits::KiB, ring.size() / 8); }

bool may_use_reserve(Kind kind) {
  switch (kind) {
    case Kind::ReplyEnd:
    case Kind::SessionClosed:
    case Kind::Decision:
    case Kind::Fault:
    case Kind::Gap: return true;
    case Kind::None:
    case Kind::Boot:
    case Kind::Policy:
    case Kind::SessionOpened:
    case Kind::Login:
    case Kind::Request:
    case Kind::Note:
    case Kind::Forward:
    case Kind::Reply:
    case Kind::Admin: return false;
  }
  return false;
}

}  // namespace

// A header of scalars only, made once; a record patches them in place, which costs a fifth of building it.
// Every field stands in it, defaults too, so that it has a place.
struct Recorder::Template {
  std::vector<std::byte> bytes;

  template <typename Create>
  Template(Kind kind, Create create) {
    flatbuffers::FlatBufferBuilder fbb;
    fbb.ForceDefaults(true);
    const auto facts = create(fbb);
    fbb.Finish(fbs::CreateHeader(fbb, static_cast<fbs::Facts>(kind), facts.Union()));
    const auto* begin = reinterpret_cast<const std::byte*>(fbb.GetBufferPointer());
    bytes.assign(begin, begin + fbb.GetSize());
  }
  // The place of a field in the buffer, from its accessor's vtable offset.
  [[nodiscard]] size_t place(flatbuffers::voffset_t field) const {
    const auto* table = static_cast<const flatbuffers::Table*>(fbs::GetHeader(bytes.data())->facts());
    const uint8_t* at = table->GetAddressOf(field);
    CHECK(at != nullptr);
    return static_cast<size_t>(at - reinterpret_cast<const uint8_t*>(bytes.data()));
  }
  template <typename Value>
  void patch(size_t place, Value value) {
    std::memcpy(bytes.data() + place, &value, sizeof value);
  }
};

struct Recorder::Builder {
  flatbuffers::FlatBufferBuilder fbb{4096};
  Template forward{Kind::Forward, [](auto& to) { return fbs::CreateForward(to); }};
  Template reply{Kind::Reply, [](auto& to) { return fbs::CreateReply(to); }};
  const size_t forward_leg = forward.place(fbs::Forward::VT_LEG);
  const size_t forward_count = forward.place(fbs::Forward::VT_COUNT);
  const size_t forward_ours = forward.place(fbs::Forward::VT_OURS);
  const size_t reply_ticket = reply.place(fbs::Reply::VT_TICKET);
  const size_t reply_offset = reply.place(fbs::Reply::VT_OFFSET);
  std::vector<Offset<String>> strings;
  std::vector<Offset<fbs::Field>> field_offsets;

  // An empty string costs nothing: the field is left out and reads as null.
  Offset<String> text(std::string_view value) {
    if (value.empty()) return {};
    return fbb.CreateString(value.data(), value.size());
  }
  Offset<flatbuffers::Vector<uint8_t>> bytes(Bytes value) {
    if (value.empty()) return {};
    return fbb.CreateVector(reinterpret_cast<const uint8_t*>(value.data()), value.size());
  }
  NamesOffset names(Names values) {
    if (values.empty()) return {};
    strings.clear();
    for (const std::string_view value : values)
      strings.push_back(fbb.CreateString(value.data(), value.size()));
    return fbb.CreateVector(strings);
  }
  Offset<flatbuffers::Vector<Offset<fbs::Hit>>> hits(std::span<const HitFacts> values) {
    if (values.empty()) return {};
    return fbb.CreateVector<Offset<fbs::Hit>>(values.size(), [&](size_t i) {
      const auto& [mask, detector, field, hits, count] = values[i];
      return fbs::CreateHit(fbb, text(mask), text(detector), text(field), hits, count);
    });
  }
  FieldsOffset fields(Fields values) {
    if (values.empty()) return {};
    field_offsets.clear();
    for (const Field& field : values) {
      const auto name = text(field.name);
      field_offsets.push_back(fbs::CreateField(fbb, name, text(field.value)));
    }
    return fbb.CreateVector(field_offsets);
  }
};

Recorder::Recorder(ByteRing& ring) : ring_(ring), builder_(std::make_unique<Builder>()) {
  builder_->strings.reserve(256);
  builder_->field_offsets.reserve(256);
}

Recorder::~Recorder() = default;

uint64_t Recorder::durable() const { return ring_.durable(); }
bool Recorder::failing() const { return ring_.failing(); }
size_t Recorder::room() const {
  const size_t room = ring_.room();
  const size_t kept = reserve_of(ring_);
  return room > kept ? room - kept : 0;
}

template <typename Build>
Recorder::Sequence Recorder::append(Kind kind, uint64_t session, Bytes payload, Build build) {
  // A failing log is not worth a header: the cheap question comes first.
  if (ring_.failing()) return std::nullopt;
  auto& fbb = builder_->fbb;
  fbb.Clear();
  const auto facts = build(*builder_);
  fbb.Finish(fbs::CreateHeader(fbb, static_cast<fbs::Facts>(kind), facts.Union()));
  const Bytes header = std::as_bytes(std::span(fbb.GetBufferPointer(), fbb.GetSize()));
  return append_header(kind, session, header, payload);
}

Recorder::Sequence Recorder::append_header(Kind kind, uint64_t session, Bytes header, Bytes payload) {
  if (ring_.failing()) return std::nullopt;
  const size_t kept = may_use_reserve(kind) ? 0 : reserve_of(ring_);
  const size_t size = record_frame_size(header.size(), payload.size());
  if (size > limits::record_size_max || !ring_.has_room(size + kept)) return std::nullopt;
  const std::span<std::byte> place = ring_.reserve(size);
  CHECK(!place.empty());

  const RecordFrame frame{.prefix = {.crc = 0,
                                     .size = static_cast<uint32_t>(size),
                                     .type = static_cast<uint8_t>(FrameType::Record),
                                     .flags = 0,
                                     .zero = 0,
                                     .payload_crc = 0},
                          .instance = ring_.instance(),
                          .header_size = static_cast<uint32_t>(header.size()),
                          .payload_size = static_cast<uint32_t>(payload.size()),
                          .sequence = next_sequence_,
                          .time_ns = now_ns_,
                          .session = session,
                          .kind = static_cast<uint8_t>(kind),
                          .form = form_clear,
                          .ring = ring_.index(),
                          .zero32 = 0};
  std::byte* to = place.data();
  std::memset(to + size - 8, 0, 8);  // the padding; the bytes before it are written over
  std::memcpy(to, &frame, sizeof frame);
  std::memcpy(to + sizeof frame, header.data(), header.size());
  if (!payload.empty()) std::memcpy(to + sizeof frame + header.size(), payload.data(), payload.size());
  ring_.commit(size);
  return next_sequence_++;
}

Recorder::Sequence Recorder::boot(const BootFacts& facts) {
  return append(Kind::Boot, 0, {}, [&](Builder& b) {
    const auto instance = b.text(facts.instance);
    const auto version = b.text(facts.version);
    return fbs::CreateBoot(b.fbb, instance, version, b.bytes(facts.config_digest));
  });
}

Recorder::Sequence Recorder::policy(const PolicyFacts& facts, Bytes text) {
  return append(Kind::Policy, 0, text, [&](Builder& b) {
    const auto digest = b.bytes(facts.digest);
    return fbs::CreatePolicy(b.fbb, digest, b.text(facts.reason));
  });
}

Recorder::Sequence Recorder::session_opened(uint64_t session, const SessionOpenedFacts& facts) {
  return append(Kind::SessionOpened, session, {}, [&](Builder& b) {
    const auto peer = b.text(facts.peer);
    const auto listener = b.text(facts.listener);
    return fbs::CreateSessionOpened(b.fbb, peer, listener, b.text(facts.protocol));
  });
}

Recorder::Sequence Recorder::login(uint64_t session, const LoginFacts& facts) {
  return append(Kind::Login, session, {}, [&](Builder& b) {
    const auto identity = b.text(facts.identity);
    const auto groups = b.names(facts.groups);
    const auto target = b.text(facts.target);
    const auto login = b.text(facts.login);
    const auto database = b.text(facts.database);
    const auto proof = b.text(facts.proof);
    const auto reason = b.text(facts.reason);
    const auto issuer = b.text(facts.issuer);
    const auto subject = b.text(facts.subject);
    const auto actor = b.text(facts.actor);
    const auto job = b.fields(facts.job);
    const auto credential = b.text(facts.credential);
    return fbs::CreateLogin(b.fbb, identity, groups, target, login, database, proof,
                            static_cast<uint8_t>(facts.outcome), reason, issuer, subject, actor, job,
                            facts.until_ns, credential, b.text(facts.lease), b.text(facts.on_behalf_of));
  });
}

Recorder::Sequence Recorder::request(uint64_t session, const RequestFacts& facts, Bytes payload) {
  return append(Kind::Request, session, payload, [&](Builder& b) {
    const auto verbs = b.names(facts.verbs);
    const auto objects = b.names(facts.objects);
    const auto fields = b.fields(facts.fields);
    const auto rule = b.text(facts.rule);
    const auto approval = b.text(facts.approval);
    return fbs::CreateRequest(b.fbb, facts.ticket, static_cast<uint8_t>(facts.stage), verbs, objects, fields,
                              static_cast<uint8_t>(facts.verdict), rule, approval, facts.in_transaction,
                              facts.ours, facts.policy);
  });
}

Recorder::Sequence Recorder::decision(uint64_t session, const DecisionFacts& facts, Bytes payload) {
  return append(Kind::Decision, session, payload, [&](Builder& b) {
    const auto approval = b.text(facts.approval);
    const auto approver = b.text(facts.approver);
    const auto reason = b.text(facts.reason);
    return fbs::CreateDecision(b.fbb, approval, facts.ticket, static_cast<uint8_t>(facts.decision), approver,
                               reason);
  });
}

Recorder::Sequence Recorder::note(uint64_t session, const NoteFacts& facts, Bytes payload) {
  return append(Kind::Note, session, payload, [&](Builder& b) {
    const auto name = b.text(facts.name);
    return fbs::CreateNote(b.fbb, name, b.fields(facts.fields), facts.ours);
  });
}

Recorder::Sequence Recorder::forward(uint64_t session, const ForwardFacts& facts, Bytes payload) {
  Builder& b = *builder_;
  b.forward.patch(b.forward_leg, facts.leg);
  b.forward.patch(b.forward_count, facts.count);
  b.forward.patch(b.forward_ours, static_cast<uint8_t>(facts.ours));
  return append_header(Kind::Forward, session, b.forward.bytes, payload);
}

Recorder::Sequence Recorder::reply(uint64_t session, const ReplyFacts& facts, Bytes payload) {
  Builder& b = *builder_;
  b.reply.patch(b.reply_ticket, facts.ticket);
  b.reply.patch(b.reply_offset, facts.offset);
  return append_header(Kind::Reply, session, b.reply.bytes, payload);
}

Recorder::Sequence Recorder::reply_end(uint64_t session, const ReplyEndFacts& facts) {
  return append(Kind::ReplyEnd, session, {}, [&](Builder& b) {
    const auto digest = b.bytes(facts.unrecorded_digest);
    const auto status = b.text(facts.status);
    return fbs::CreateReplyEnd(b.fbb, facts.ticket, facts.bytes, facts.units, facts.masked, facts.withheld,
                               facts.unrecorded, digest, status, b.hits(facts.hits));
  });
}

Recorder::Sequence Recorder::session_closed(uint64_t session, const SessionClosedFacts& facts) {
  return append(Kind::SessionClosed, session, {}, [&](Builder& b) {
    const auto reason = b.text(facts.reason);
    return fbs::CreateSessionClosed(b.fbb, reason, facts.requests, facts.bytes_in, facts.bytes_out,
                                    facts.masked);
  });
}

Recorder::Sequence Recorder::admin(uint64_t session, const AdminFacts& facts, Bytes payload) {
  return append(Kind::Admin, session, payload, [&](Builder& b) {
    const auto who = b.text(facts.who);
    const auto act = b.text(facts.act);
    return fbs::CreateAdmin(b.fbb, who, act, b.text(facts.detail));
  });
}

Recorder::Sequence Recorder::fault(uint64_t session, const FaultFacts& facts) {
  return append(Kind::Fault, session, {}, [&](Builder& b) {
    const auto reason = b.text(facts.reason);
    return fbs::CreateFault(b.fbb, reason, b.text(facts.detail));
  });
}

Recorder::Sequence Recorder::gap(uint64_t session, const GapFacts& facts) {
  return append(Kind::Gap, session, {}, [&](Builder& b) {
    const auto reason = b.text(facts.reason);
    return fbs::CreateGap(b.fbb, facts.instance, facts.ring, facts.first, facts.count, reason);
  });
}

}  // namespace sallyport::ringlog
