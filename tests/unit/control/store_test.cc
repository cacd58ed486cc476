// The Store with SQLite on a real folder, and what Tickets keep.
#include "core/control/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "config/limits.h"
#include "core/control/tickets.h"
#include "tests/unit/config/folder.h"

namespace sallyport {
namespace {

std::shared_ptr<identity::Ticket> ticket_of(const std::string& id, const std::string& name,
                                            int64_t expires_ns) {
  auto who = std::make_shared<identity::Identity>();
  who->name = name;
  who->issuer = "corp";
  who->issuer_meaning = std::string("a\0b", 3);
  who->persons = {"mail:a@example.com"};
  who->groups = {"agents", "ä\"\\"};
  who->job = {{"run", "7"}, {"url", "https://ci.test/7"}};
  who->expires_ns = INT64_MAX;
  auto ticket = std::make_shared<identity::Ticket>();
  ticket->id = id;
  ticket->identity = who;
  ticket->targets = {"shop"};
  ticket->scram.iterations = 4096;
  ticket->scram.salt.fill(1);
  ticket->digest.fill(9);
  ticket->created_ns = 5;
  ticket->expires_ns = expires_ns;
  ticket->from = "127.0.0.1:9";
  return ticket;
}

TEST(Store, KeepsTicketsOverReopening) {
  const config::Folder folder;
  {
    auto store = Store::open(folder.path());
    ASSERT_TRUE(store) << store.error().text;
    ASSERT_TRUE((*store)->add_ticket(*ticket_of("spt_a", "corp:ann", 100)));
    ASSERT_TRUE((*store)->add_ticket(*ticket_of("spt_b", "corp:ben", 200)));
    EXPECT_FALSE((*store)->add_ticket(*ticket_of("spt_b", "corp:ben", 200))) << "the same id twice";
    ASSERT_TRUE((*store)->remove_tickets({"spt_a", "spt_none"}));
  }
  auto store = Store::open(folder.path());
  ASSERT_TRUE(store);
  auto found = (*store)->tickets();
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  const identity::Ticket& ticket = *found->front();
  const auto before = ticket_of("spt_b", "corp:ben", 200);
  EXPECT_EQ(ticket.id, "spt_b");
  EXPECT_EQ(ticket.identity->name, "corp:ben");
  EXPECT_EQ(ticket.identity->issuer_meaning, before->identity->issuer_meaning);
  EXPECT_EQ(ticket.identity->persons, before->identity->persons);
  EXPECT_EQ(ticket.identity->groups, before->identity->groups);
  EXPECT_EQ(ticket.identity->job, before->identity->job);
  EXPECT_EQ(ticket.targets, before->targets);
  EXPECT_EQ(ticket.digest, before->digest);
  EXPECT_EQ(ticket.scram.salt, before->scram.salt);
  EXPECT_EQ(ticket.expires_ns, 200);
  EXPECT_EQ(ticket.from, before->from);
}

TEST(Store, KeepsWhoIsKeptOut) {
  const config::Folder folder;
  auto store = Store::open(folder.path());
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->write_closed({.all = "incident", .identities = {{"corp:ann", "why"}, {"b", ""}}}));
  ASSERT_TRUE((*store)->write_closed({.all = "", .identities = {{"corp:ann", "why"}}}));
  store->reset();
  store = Store::open(folder.path());
  ASSERT_TRUE(store);
  const Result<Closed> closed = (*store)->closed();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->all, "");
  EXPECT_EQ(closed->identities, (std::map<std::string, std::string, std::less<>>{{"corp:ann", "why"}}));
}

TEST(Store, IsItsOwnersAlone) {
  const config::Folder folder;
  auto store = Store::open(folder.path());
  ASSERT_TRUE(store);
  struct stat found {};
  ASSERT_EQ(stat((folder.path() / "store.sqlite").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
}

// A file that is none, and one of a later version: said, not overwritten.
TEST(Store, RefusesWhatItCannotRead) {
  const config::Folder folder;
  folder.write("store.sqlite", std::string(4096, 'x'));
  const auto store = Store::open(folder.path());
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().text.find("store.sqlite"), std::string::npos) << store.error().text;
}

TEST(Tickets, ForgetsLongAfterTheEnd) {
  Tickets tickets;
  const int64_t grace_ns = int64_t{limits::ticket_remembered_ms} * 1'000'000;
  tickets.add(ticket_of("spt_a", "corp:ann", 100));
  tickets.add(ticket_of("spt_b", "corp:ann", 200));
  EXPECT_TRUE(tickets.forgotten(99 + grace_ns).empty());
  EXPECT_EQ(tickets.forgotten(100 + grace_ns), std::vector<std::string>{"spt_a"});
  EXPECT_EQ(tickets.of_identity("corp:ann").size(), 2U);
  EXPECT_TRUE(tickets.of_identity("corp:an").empty());
}

TEST(Tickets, HasRoomForSoMany) {
  Tickets tickets;
  for (size_t i = 0; i < limits::ticket_count_max_per_identity; ++i)
    tickets.add(ticket_of("spt_" + std::to_string(i), "corp:ann", 100));
  EXPECT_FALSE(tickets.has_room("corp:ann", 50));
  EXPECT_TRUE(tickets.has_room("corp:ann", 100)) << "those that expired do not count";
  EXPECT_TRUE(tickets.has_room("corp:ben", 50));
}

}  // namespace
}  // namespace sallyport
