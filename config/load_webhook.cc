// [[webhook]].
#include <algorithm>

#include "config/file.h"
#include "config/limits.h"
#include "config/loader.h"
#include "config/quantity.h"

namespace sallyport::config {
namespace {

constexpr const char* url_form = ": write an https:// address, or http://127.0.0.1:PORT";

bool is_secret(const std::string& text) {
  return text.starts_with("file:") || text.starts_with("env:") || text.starts_with("systemd-cred:");
}

// Who knows the URL of a chat's incoming webhook can post there, so that it may be kept as a secret is.
void load_url(Loader& loader, Reader& reader, Webhook& webhook) {
  reader.require("url", "url = \"https://…\", or where it is found: \"file:PATH\"");
  std::string text;
  if (!reader.text("url", text)) return;
  if (is_secret(text)) {
    reader.secret("url", loader.folder, webhook.url_secret);
  } else if (text.starts_with("https://hooks.slack.com/")) {
    // It is not repeated.
    reader.problem("url",
                   "url of Slack's is a secret: whoever knows it can post. Keep it in a file: \"file:PATH\"");
  } else if (!is_trusted_url(text)) {
    reader.problem("url", "url is " + in_quotes(text) + url_form);
  } else {
    webhook.url = text;
  }
}

void load_events(Reader& reader, Webhook& webhook) {
  std::vector<std::string> names;
  if (!reader.has("events")) names = {"opened", "escalated", "decided", "expired"};
  reader.texts("events", names);
  for (const std::string& name : names) {
    const auto found = std::ranges::find(webhook_event_names, name);
    if (found != webhook_event_names.end()) {
      webhook.events[static_cast<size_t>(found - webhook_event_names.begin())] = true;
    } else {
      const std::vector<std::string> known(webhook_event_names.begin(), webhook_event_names.end());
      reader.problem("events", "events: no event " + in_quotes(name) + did_you_mean(name, known) +
                                   ": there are opened, voted, escalated, decided, expired, alarm");
    }
  }
}

void load_senders(Loader& loader, Reader& reader, Webhook& webhook) {
  const Value* table = reader.table("senders", "{ \"who it is there\" = \"the user here\" }");
  if (table == nullptr) return;
  Reader inner(*table, reader.where() + ": senders", loader.problems);
  for (const Value& item : table->items) {
    std::string name;
    if (inner.name(item.key, name)) webhook.senders[item.key] = name;
  }
  if (table->items.empty()) reader.problem("senders", "senders is empty: name somebody or leave it out");
  if (table->items.size() > limits::webhook_sender_count_max)
    reader.problem("senders", "senders are more than 1000");
}

void load_secret(Loader& loader, Reader& reader, Webhook& webhook) {
  const bool has_secret = reader.secret("secret", loader.folder, webhook.secret);
  if (has_secret || reader.has("secret")) return;
  if (webhook.kind == WebhookKind::generic) {
    reader.require("secret",
                   "secret = \"file:…\", as `openssl rand -hex 32` makes one: it signs what is sent");
  } else if (!webhook.senders.empty()) {
    reader.require("secret",
                   "secret = \"file:…\": the Slack app's signing secret, by which answers are known");
  }
}

void load_tries(Reader& reader, Webhook& webhook) {
  webhook.timeout_ms = limits::webhook_timeout_ms;
  webhook.backoff_ms = limits::webhook_backoff_ms;
  webhook.retry_count_max = limits::webhook_retry_count;
  if (reader.duration("timeout", webhook.timeout_ms, limits::webhook_timeout_max_ms) &&
      webhook.timeout_ms == 0)
    reader.problem("timeout", "timeout is nothing: write \"10s\"");
  if (reader.duration("backoff", webhook.backoff_ms, limits::webhook_backoff_max_ms) &&
      webhook.backoff_ms < limits::webhook_backoff_min_ms)
    reader.problem("backoff", "backoff is less than 100ms: that would be a flood");
  reader.count("retries", webhook.retry_count_max, 0, limits::webhook_retry_count_max);
}

}  // namespace

void load_webhook(Loader& loader, const Value& table) {
  Reader reader(table, "webhook", loader.problems);
  Webhook webhook;
  webhook.place = table.place;
  reader.require("name", "name = \"…\"");
  if (reader.name("name", webhook.name)) reader.rename("webhook " + in_quotes(webhook.name));
  reader.choice("kind", webhook.kind, {{"generic", WebhookKind::generic}, {"slack", WebhookKind::slack}});
  load_url(loader, reader, webhook);
  reader.file("ca", loader.folder, webhook.ca);
  load_events(reader, webhook);
  reader.names("groups", webhook.groups);
  reader.choice("text", webhook.shows_text, {{"masked", true}, {"none", false}});
  load_senders(loader, reader, webhook);
  load_secret(loader, reader, webhook);
  load_tries(reader, webhook);
  reader.finish();
  if (loader.config.admin.address.host.empty())
    reader.problem_at(webhook.place, "its links lead to the admin API: write address under [admin]");
  if (loader.config.webhooks.size() == limits::webhook_count_max)
    reader.problem_at(webhook.place, "there are more than 16 of [[webhook]]");
  loader.config.webhooks.push_back(std::move(webhook));
}

Result<std::string> read_webhook_secret(const Webhook& webhook) {
  Result<std::string> secret = read_secret(webhook.secret);
  if (!secret || secret->size() >= limits::token_secret_size_min) return secret;
  return fail(webhook.secret.name + " has less than 16 bytes: one made by `openssl rand -hex 32` is good");
}

Result<std::string> read_webhook_url(const Webhook& webhook) {
  if (webhook.url_secret.source == Secret::Source::none) return webhook.url;
  Result<std::string> url = read_secret(webhook.url_secret);
  if (!url || is_trusted_url(*url)) return url;
  return fail("what stands in " + webhook.url_secret.name + " is no url" + url_form);
}

void check_webhooks(const Config& config, std::vector<Problem>& problems) {
  for (const Webhook& webhook : config.webhooks) {
    const auto check = [&](const Place& place, const auto& read) {
      if (!read) problems.push_back({place, "webhook " + in_quotes(webhook.name) + ": " + read.error().text});
    };
    if (webhook.secret.source != Secret::Source::none)
      check(webhook.secret.place, read_webhook_secret(webhook));
    if (webhook.url_secret.source != Secret::Source::none)
      check(webhook.url_secret.place, read_webhook_url(webhook));
    if (!webhook.ca.empty()) check(webhook.place, read_file(webhook.ca, limits::config_file_size_max));
  }
}

}  // namespace sallyport::config
