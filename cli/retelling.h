// A session as its caller saw it, piece by piece: what was asked, what came back, what the gateway said to
// it.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "cli/renderer.h"
#include "ringlog/facts.h"
#include "ringlog/record.h"

namespace sallyport::cli {

struct Piece {
  uint64_t time_ns = 0;
  const char* kind = "";  // of the record
  std::string request;    // ends with a newline, or is empty
  std::string reply;      // the same
  std::string facts;      // one line, without its end
};

class Retelling {
 public:
  using Tell = std::function<void(const Piece&)>;
  Retelling(const Context& context, Tell tell) : renderer_(context), tell_(std::move(tell)) {}

  // Of one session, in order.
  void take(const ringlog::RecordView& record);

 private:
  void request(const ringlog::RecordView& record, const ringlog::fbs::Request& facts);
  void flush_reply(const ringlog::RecordView& record);
  void tell(const ringlog::RecordView& record, std::string request, std::string facts);

  Renderer renderer_;
  Tell tell_;
  std::string protocol_, reply_;
  size_t open_count_ = 0;      // requests that passed and whose reply is not over
  std::set<uint64_t> paused_;  // tickets whose request was shown when it was paused
};

}  // namespace sallyport::cli
