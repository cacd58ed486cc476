#include <array>

#include "plugins/postgresql/messages.h"
#include "tests/sim/client.h"
#include "tests/sim/copy.h"

namespace sallyport::sim {

namespace {

std::string taken(const pg::Writer& out) { return std::string(pg::as_text(out.view())); }

}  // namespace

Kind Client::any_kind() {
  constexpr std::array<std::pair<Kind, uint32_t>, 11> weights = {{{Kind::read, 20},
                                                                  {Kind::people, 16},
                                                                  {Kind::copy_out, 8},
                                                                  {Kind::copy_in, 10},
                                                                  {Kind::write, 10},
                                                                  {Kind::error, 6},
                                                                  {Kind::slow, 5},
                                                                  {Kind::approve, 12},
                                                                  {Kind::denied, 7},
                                                                  {Kind::unlisted, 3},
                                                                  {Kind::unparsed, 3}}};
  size_t at = scene_.random().below(100);
  for (const auto& [kind, weight] : weights) {
    if (at < weight) return kind;
    at -= weight;
  }
  return Kind::read;
}

Client::Segment Client::make_simple(Kind kind) {
  Segment segment{.number = next_segment_++, .simple = true};
  const Tag tag = {.client = plan_.number, .segment = segment.number, .index = 0, .kind = kind};
  segment.tags.push_back(tag);
  segment.refusable = may_be_refused(kind);
  pg::Writer out;
  out.begin(pg::front::query).text(statement_of(tag)).end();
  segment.bytes = taken(out);
  if (takes_copy_data(tag)) segment.bytes += make_copy_data(segment);
  return segment;
}

Client::Segment Client::make_extended() {
  Segment segment{.number = next_segment_++};
  segment.described = scene_.random().chance(600);
  const size_t count = scene_.random().up_to(4);
  pg::Writer out;
  bool copies = false;
  for (uint32_t i = 0; i < count; ++i) {
    const Tag tag = {.client = plan_.number, .segment = segment.number, .index = i, .kind = any_kind()};
    segment.tags.push_back(tag);
    segment.refusable |= may_be_refused(tag.kind);
    const std::string name = scene_.random().chance(300) ? "s" + std::to_string(segment.number * 8 + i) : "";
    const std::string portal = scene_.random().chance(300) ? "p" + std::to_string(i) : "";
    out.begin(pg::front::parse).text(name).text(statement_of(tag)).u16(0).end();
    out.begin(pg::front::bind).text(portal).text(name).u16(0).u16(0).u16(0).end();
    if (segment.described) out.begin(pg::front::describe).u8('P').text(portal).end();
    out.begin(pg::front::execute).text(portal).u32(0).end();
    copies = takes_copy_data(tag);
    if (copies) break;  // what follows is data
    if (scene_.random().chance(100)) out.begin(pg::front::flush).end();
    if (!portal.empty() && scene_.random().chance(300))
      out.begin(pg::front::close).u8('P').text(portal).end();
  }
  if (!copies) out.begin(pg::front::sync).end();
  segment.bytes = taken(out);
  if (copies) segment.bytes += make_copy_data(segment);
  return segment;
}

void Client::make_script() {
  while (next_segment_ < plan_.segment_count) {
    if (plan_.floods && scene_.random().chance(400)) {
      script_.push_back(make_simple(Kind::flood));
    } else if (scene_.random().chance(120)) {
      script_.push_back(make_simple(Kind::begin));
      const size_t first = script_.size();
      for (size_t i = scene_.random().up_to(3); i > 0; --i) {
        script_.push_back(scene_.random().chance(600) ? make_simple(any_kind()) : make_extended());
      }
      script_.push_back(make_simple(scene_.random().chance(700) ? Kind::commit : Kind::rollback));
      for (size_t i = first; i < script_.size(); ++i) script_[i].in_block = true;
    } else {
      script_.push_back(scene_.random().chance(600) ? make_simple(any_kind()) : make_extended());
    }
  }
}

}  // namespace sallyport::sim
