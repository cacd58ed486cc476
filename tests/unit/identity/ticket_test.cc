#include "core/identity/ticket.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

std::string made(uint8_t first) {
  return make_ticket_text([first](std::span<uint8_t> out) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<uint8_t>(first + i * 7);
  });
}

TEST(Ticket, TextHasItsForm) {
  const std::string text = made(1);
  EXPECT_EQ(text.size(), ticket_size);
  ASSERT_TRUE(ticket_id_of(text));
  EXPECT_EQ(*ticket_id_of(text), text.substr(0, ticket_id_size));
  EXPECT_TRUE(is_ticket_id(*ticket_id_of(text)));
  EXPECT_FALSE(is_ticket_id(text));
}

// Any one character changed, left out or added is told from a ticket.
TEST(Ticket, MistypedIsNone) {
  const std::string text = made(3);
  for (size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = other[i] == 'q' ? 'r' : 'q';
    EXPECT_FALSE(ticket_id_of(other)) << i;
    EXPECT_FALSE(ticket_id_of(text.substr(0, i))) << i;
  }
  EXPECT_FALSE(ticket_id_of(text + "0"));
  EXPECT_FALSE(ticket_id_of(""));
}

TEST(Ticket, SealProvesTheTextAlone) {
  const std::string text = made(5), other = made(6);
  Ticket ticket;
  ASSERT_TRUE(seal_ticket(text, ticket));
  EXPECT_TRUE(ticket_matches(ticket, text));
  EXPECT_FALSE(ticket_matches(ticket, other));
  EXPECT_FALSE(ticket_matches(ticket, ""));
  EXPECT_TRUE(config::scram_secret_matches(ticket.scram, text));
  EXPECT_FALSE(config::scram_secret_matches(ticket.scram, other));
}

TEST(Ticket, OpensWhatItNames) {
  Ticket ticket;
  EXPECT_TRUE(ticket.opens("any"));
  ticket.targets = {"one", "two"};
  EXPECT_TRUE(ticket.opens("two"));
  EXPECT_FALSE(ticket.opens("three"));
  EXPECT_FALSE(ticket.opens(""));
}

}  // namespace
}  // namespace sallyport::identity
