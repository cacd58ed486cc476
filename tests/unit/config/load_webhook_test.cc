// What [[webhook]] may say, and every mistake in it.
#include <algorithm>

#include "tests/unit/config/base_config.h"

namespace sallyport::config {
namespace {

constexpr char good[] =
    "[admin]\naddress = \"127.0.0.1:8420\"\n[[webhook]]\nname = \"ops\"\nurl = \"https://x.example.com/h\"\n"
    "secret = \"file:s\"\n";

std::string with(const std::string& webhook) { return std::string(base) + "\n" + webhook; }

Config config_of(const std::string& webhook) {
  const Folder folder;
  auto config = load(folder.write("sallyport.toml", with_secrets(with(webhook))));
  EXPECT_TRUE(config) << list(config.error());
  return config ? std::move(*config) : Config();
}

TEST(LoadWebhook, HasDefaults) {
  const Config config = config_of(good);
  ASSERT_EQ(config.webhooks.size(), 1U);
  const Webhook& webhook = config.webhooks[0];
  EXPECT_EQ(webhook.kind, WebhookKind::generic);
  EXPECT_TRUE(webhook.tells(WebhookEvent::opened) && webhook.tells(WebhookEvent::expired));
  EXPECT_FALSE(webhook.tells(WebhookEvent::voted) || webhook.tells(WebhookEvent::alarm));
  EXPECT_TRUE(webhook.shows_text);
  EXPECT_TRUE(webhook.senders.empty());
  EXPECT_EQ(webhook.timeout_ms, 10'000U);
  EXPECT_EQ(webhook.retry_count_max, 8U);
}

TEST(LoadWebhook, ReadsAChat) {
  const Config config =
      config_of(std::string(good) +
                "[[webhook]]\nname = \"chat\"\nkind = \"slack\"\nurl = \"file:url\"\n"
                "secret = \"env:S\"\nevents = [\"opened\", \"alarm\"]\ngroups = "
                "[\"dba\"]\ntext = \"none\"\nsenders = { U1 = \"bob\", \"T1/U2\" = \"ann\" }\n");
  ASSERT_EQ(config.webhooks.size(), 2U);
  const Webhook& webhook = config.webhooks[1];
  EXPECT_TRUE(webhook.url.empty());
  EXPECT_EQ(webhook.url_secret.source, Secret::Source::file);
  EXPECT_FALSE(webhook.shows_text);
  EXPECT_TRUE(webhook.tells(WebhookEvent::alarm));
  EXPECT_FALSE(webhook.tells(WebhookEvent::decided));
  EXPECT_EQ(webhook.senders.at("T1/U2"), "ann");
}

struct Mistake {
  const char* from;  // in `good`
  const char* to;
  int line;  // behind the base
  const char* said;
};

// clang-format off
const Mistake mistakes[] = {
    {"https://x", "http://x", 5, "write an https:// address"},
    {"https://x", "https://u@x", 5, "write an https:// address"},
    {"https://x.example.com/h", "https://hooks.slack.com/services/a", 5, "is a secret"},
    {"url = \"https://x.example.com/h\"\n", "", 3, "url is missing"},
    {"secret = \"file:s\"\n", "", 3, "secret is missing"},
    {"file:s", "hunter2hunter2hunter2", 6, "never stands in the config"},
    {"name = \"ops\"\n", "", 3, "name is missing"},
    {"secret =", "events = [\"open\"]\nsecret =", 6, "no event \"open\""},
    {"secret =", "events = [\"opened\", \"opened\"]\nsecret =", 6, "twice"},
    {"secret =", "kind = \"teams\"\nsecret =", 6, "kind is \"teams\""},
    {"secret =", "text = \"all\"\nsecret =", 6, "text is \"all\""},
    {"secret =", "groups = [\"nobody\"]\nsecret =", 3, "no user has the group \"nobody\""},
    {"secret =", "senders = { U1 = \"carl\" }\nsecret =", 3, "no [[user]] \"carl\""},
    {"secret =", "senders = {}\nsecret =", 6, "senders is empty"},
    {"secret =", "timeout = \"2m\"\nsecret =", 6, "at most 1m"},
    {"secret =", "timeout = \"0s\"\nsecret =", 6, "timeout is nothing"},
    {"secret =", "backoff = \"1ms\"\nsecret =", 6, "less than 100ms"},
    {"secret =", "retries = 21\nsecret =", 6, "write 0 to 20"},
    {"secret =", "retrys = 2\nsecret =", 6, "did you mean \"retries\""},
    {"[admin]\naddress = \"127.0.0.1:8420\"\n", "\n\n", 3, "write address under [admin]"},
    {"[[webhook]]\n", "[[webhook]]\nname = \"ops\"\nurl = \"https://y\"\nsecret = \"file:s\"\n[[webhook]]\n", 7, "has the name of the one"},
};
// clang-format on

TEST(LoadWebhook, SaysWhatIsWrongAndWhere) {
  const auto line_count = static_cast<int>(std::ranges::count(std::string(base), '\n')) + 1;
  for (const Mistake& mistake : mistakes) {
    const auto problems = problems_of(with(replaced(good, mistake.from, mistake.to)));
    const bool found = std::ranges::any_of(problems, [&](const Problem& problem) {
      return problem.text.find(mistake.said) != std::string::npos &&
             static_cast<int>(problem.place.line) == line_count + mistake.line;
    });
    EXPECT_TRUE(found) << mistake.to << "\n" << list(problems);
  }
}

TEST(LoadWebhook, ReadsWhatItIsSignedWith) {
  const Folder folder;
  const auto file = folder.write("s", "short\n");
  std::filesystem::permissions(file,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  Webhook webhook{.url_secret = {Secret::Source::file, file.string(), {}},
                  .secret = {Secret::Source::file, file.string(), {}}};
  EXPECT_NE(read_webhook_secret(webhook).error().text.find("less than 16 bytes"), std::string::npos);
  const auto url = read_webhook_url(webhook);
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().text.find("short"), std::string::npos) << "it may be the secret";
}

}  // namespace
}  // namespace sallyport::config
