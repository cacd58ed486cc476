// Which tickets are kept: those that are good, and old ones while there is room.
#include "core/control/tickets.h"

#include <gtest/gtest.h>

#include "config/limits.h"

namespace sallyport {
namespace {

constexpr int64_t second = 1'000'000'000;

identity::TicketPointer ticket(size_t number, int64_t expires_ns) {
  auto made = std::make_shared<identity::Ticket>();
  auto identity = std::make_shared<identity::Identity>();
  identity->name = "mallory";
  made->id = "spt_" + std::to_string(number);
  made->identity = identity;
  made->expires_ns = expires_ns;
  return made;
}

TEST(Tickets, OldOnesAreRememberedForADay) {
  Tickets tickets;
  tickets.add(ticket(1, 10 * second));
  EXPECT_TRUE(tickets.forgotten(11 * second).empty());
  EXPECT_EQ(tickets.forgotten((10 + 86'400) * second).size(), 1U);
}

// Who makes one after the other that is good for a second keeps nobody from a ticket.
TEST(Tickets, OldOnesTakeNobodysRoom) {
  Tickets tickets;
  tickets.add(ticket(0, 1000 * second));
  for (size_t i = 1; i < limits::ticket_count_max; ++i) tickets.add(ticket(i, 10 * second));
  const auto ids = tickets.forgotten(11 * second);
  EXPECT_EQ(ids.size(), limits::ticket_count_max - 1);
  tickets.remove(ids);
  EXPECT_TRUE(tickets.has_room("ann", 11 * second));
  EXPECT_NE(tickets.find("spt_0"), nullptr) << "one that is good stays";
}

}  // namespace
}  // namespace sallyport
