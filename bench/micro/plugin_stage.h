// A logged-in session of a plugin for benchmarks: the shared object is loaded as the gateway loads it, the
// login runs in the kit's host from one of the plugin's own transcripts, then the host's functions are
// replaced by ones that only count. One at a time, on one thread; anything that goes wrong ends the program.
#pragma once

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "config/check.h"
#include "config/limits.h"
#include "core/guard/masker.h"
#include "core/path/kit_play.h"
#include "core/path/loader.h"

namespace sallyport {

// How values are looked at: not at all, the plugin lists them and the host says "unchanged", or the guard
// masks them.
enum class Masking : uint8_t { none, listed, guard };

// One logged-in session of a plugin and the host that counts. One at a time.
class Stage {
 public:
  Stage(const char* file, const char* transcript, Masking masking) : masking_(masking) {
    current_ = this;
    const Result<Plugin> plugin = load_plugin(file, {.digest = "", .check_ownership = false});
    CHECK(plugin);
    real_ = plugin->abi;
    plugin_ = *real_;
    plugin_.open = open;
    plan_.add(guard::DetectorSet::all(), guard::MaskAction::Partial);
    scanner_ = *guard::Scanner::compile(guard::DetectorSet::all());
    CHECK(masker_.prepare(*scanner_));
    log_in(transcript);
  }
  ~Stage() {
    host_.reset();
    current_ = nullptr;
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // All of `bytes` arrive on a leg, a block at a time, and all of them must be passed or dropped.
  void feed(uint32_t leg, std::span<uint8_t> bytes) {
    consumed_ = 0;
    for (size_t end = 0; end < bytes.size();) {
      end = std::min(end + limits::block_size, bytes.size());
      if (consumed_ >= end) continue;  // credit
      data_ = bytes.subspan(consumed_, end - consumed_);
      const sp_input input = {.size = sizeof input,
                              .leg = leg,
                              .events = SP_EVENT_DATA,
                              .data = data_.data(),
                              .data_size = data_.size(),
                              .reason = {nullptr, 0}};
      CHECK(real_->feed(state_, &input) == SP_OK);
    }
    CHECK(consumed_ == bytes.size());
  }

  [[nodiscard]] uint64_t emitted() const { return emitted_; }
  [[nodiscard]] uint64_t masked() const { return masker_.counters().masked_fields; }

 private:
  // The transcript's session up to its first request: its script, bytes and events, not what it expects.
  void log_in(const char* file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    Result<KitTranscript> transcript = parse_transcript(file, text.str());
    CHECK(transcript);
    if (masking_ != Masking::none) transcript->script.masks.push_back({.text = "anything"});
    host_.emplace(plugin_, transcript->script);
    bool logged_in = false;
    for (const KitStep& step : transcript->steps) {
      if (logged_in && step.kind == KitStep::Kind::kInput && step.leg == SP_LEG_CLIENT) break;
      CHECK(kit_happen(*host_, step));
      logged_in |= step.kind == KitStep::Kind::kInput && step.leg == SP_LEG_TARGET;
    }
    CHECK(logged_in && !host_->ended());
    counting_ = true;
  }

  static void* open(const sp_host* host, sp_session* session, const sp_open* info) {
    Stage& stage = *current_;
    stage.kit_ = host;
    stage.table_ = *host;
    stage.table_.pass = pass;
    stage.table_.drop = drop;
    stage.table_.emit = emit;
    stage.table_.ask = ask;
    stage.table_.field = field;
    stage.table_.screen = screen;
    stage.table_.screens = [](sp_session* session) {
      return current_->counting_ ? 0 : current_->kit_->screens(session);
    };
    stage.table_.names_masked = names_masked;
    stage.table_.fields_reset = fields_reset;
    stage.table_.mask = mask;
    stage.table_.name = name;
    stage.table_.note = note;
    stage.table_.reply_end = reply_end;
    stage.table_.activity = activity;
    return stage.state_ = stage.real_->open(&stage.table_, session, info);
  }

  static int pass(sp_session* session, uint32_t from, uint32_t to, uint64_t count, uint32_t flags) {
    if (!current_->counting_) return current_->kit_->pass(session, from, to, count, flags);
    current_->consumed_ += count;
    return 0;
  }
  static int drop(sp_session* session, uint32_t from, uint64_t count) {
    if (!current_->counting_) return current_->kit_->drop(session, from, count);
    current_->consumed_ += count;
    return 0;
  }
  static int emit(sp_session* session, uint32_t to, const uint8_t* data, size_t size) {
    if (!current_->counting_) return current_->kit_->emit(session, to, data, size);
    current_->emitted_ += size;
    return 0;
  }
  static int ask(sp_session* session, const sp_ask* request, sp_answer* out) {
    if (!current_->counting_) return current_->kit_->ask(session, request, out);
    const size_t size = out->size;
    *out = {};
    out->size = size;
    return SP_ALLOW;
  }
  static sp_field_id field(sp_session* session, const sp_field* field) {
    if (!current_->counting_) return current_->kit_->field(session, field);
    if (current_->masking_ == Masking::none || field->kind == SP_KIND_PLAIN) return SP_FIELD_CLEAR;
    return 1 + static_cast<sp_field_id>(field->kind);
  }
  static int screen(sp_session* session, const sp_pair* values, size_t count, sp_answer* out) {
    if (!current_->counting_) return current_->kit_->screen(session, values, count, out);
    const size_t size = out->size;
    *out = {};
    out->size = size;
    return SP_ALLOW;
  }
  static int names_masked(sp_session* session, const sp_text* paths, size_t count) {
    return current_->counting_ ? 0 : current_->kit_->names_masked(session, paths, count);
  }
  static int fields_reset(sp_session* session) {
    return current_->counting_ ? 0 : current_->kit_->fields_reset(session);
  }
  static int mask(sp_session* session, const sp_span* spans, size_t count, sp_masked* out) {
    if (!current_->counting_) return current_->kit_->mask(session, spans, count, out);
    return current_->mask_values({spans, count}, out);
  }
  static int name(sp_session* session, sp_text key, sp_text value) {
    return current_->counting_ ? 0 : current_->kit_->name(session, key, value);
  }
  static int note(sp_session* session, sp_text kind, sp_bytes payload) {
    return current_->counting_ ? 0 : current_->kit_->note(session, kind, payload);
  }
  static int reply_end(sp_session* session, uint64_t units, sp_text status) {
    return current_->counting_ ? 0 : current_->kit_->reply_end(session, units, status);
  }
  static int activity(sp_session* session, sp_activity now) {
    return current_->counting_ ? 0 : current_->kit_->activity(session, now);
  }

  static guard::ValueKind kind_of(sp_field_id id) {
    switch (static_cast<sp_kind>(id - 1)) {
      case SP_KIND_TEXT: return guard::ValueKind::Text;
      case SP_KIND_JSON: return guard::ValueKind::Json;
      case SP_KIND_DIGITS: return guard::ValueKind::Digits;
      case SP_KIND_TERMINAL: return guard::ValueKind::Terminal;
      case SP_KIND_UUID: return guard::ValueKind::Uuid;
      case SP_KIND_OPAQUE:
      case SP_KIND_PLAIN: break;
    }
    return guard::ValueKind::Opaque;
  }

  int mask_values(std::span<const sp_span> spans, sp_masked* out) {
    std::fill_n(out, spans.size(), sp_masked{SP_MASK_UNCHANGED, {nullptr, 0}});
    if (masking_ == Masking::listed) return 0;
    fields_.clear();
    for (const sp_span& span : spans) {
      fields_.push_back({.offset = static_cast<uint32_t>(span.offset),
                         .size = static_cast<uint32_t>(span.size),
                         .kind = kind_of(span.field),
                         .plan = &plan_,
                         .bytes = span.bytes});
    }
    const auto results = masker_.mask(*scanner_, data_, fields_);
    int special = 0;
    for (size_t i = 0; i < spans.size(); ++i) {
      switch (results[i].outcome) {
        case guard::MaskOutcome::Untouched: break;
        case guard::MaskOutcome::InPlace: out[i].outcome = SP_MASK_EDITED; break;
        case guard::MaskOutcome::Replaced:
          out[i] = {SP_MASK_REPLACED, {results[i].bytes.data(), results[i].bytes.size()}};
          ++special;
          break;
        case guard::MaskOutcome::Withhold:
          out[i].outcome = SP_MASK_WITHHELD;
          ++special;
          break;
      }
    }
    return special;
  }

  static inline Stage* current_ = nullptr;
  const Masking masking_;
  const sp_plugin* real_ = nullptr;
  sp_plugin plugin_{};
  const sp_host* kit_ = nullptr;
  sp_host table_{};
  void* state_ = nullptr;
  std::optional<KitHost> host_;
  bool counting_ = false;
  std::span<uint8_t> data_;
  uint64_t consumed_ = 0, emitted_ = 0;
  guard::MaskPlan plan_;
  std::shared_ptr<const guard::Scanner> scanner_;
  guard::Masker masker_;
  std::vector<guard::MaskField> fields_;
};

}  // namespace sallyport
