// Sizes, durations, addresses and names as people write them. Errors say what to write instead; they are put
// behind the key's name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace sallyport::config {

// "512", "64 KiB", "1MiB", "10 GiB": bytes.
[[nodiscard]] Result<uint64_t> parse_size(std::string_view text);

inline constexpr uint32_t forever_ms = UINT32_MAX;
// "500ms", "20s", "10m", "8h", "7d", "forever": milliseconds below forever_ms, or forever_ms itself.
[[nodiscard]] Result<uint32_t> parse_duration(std::string_view text);

// "host:port" or "[v6]:port"; port 1 to 65535, 0 too where `any_port`.
[[nodiscard]] Result<Address> parse_address(std::string_view text, bool any_port = false);
[[nodiscard]] bool is_numeric_host(const std::string& host);
// Of ASCII's letters.
[[nodiscard]] std::string lower_case(std::string text);

[[nodiscard]] bool is_loopback(const std::string& host);  // of a numeric host
// https://, or http:// to a loopback address: what came in plaintext over a network proves nothing.
[[nodiscard]] bool is_trusted_url(const std::string& url);

// As parse_duration, for ages: any number of days, and nothing is forever. Milliseconds.
[[nodiscard]] Result<uint64_t> parse_age(std::string_view text);

// A-Z a-z 0-9 . _ - , at most limits::name_size_max. With `wild`, * too.
[[nodiscard]] Result<void> check_name(std::string_view text, bool wild = false);

// The candidate that `text` is probably meant to be; empty when none is near.
[[nodiscard]] std::string nearest(std::string_view text, std::span<const std::string> candidates);
// "\"x\"".
[[nodiscard]] inline std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }
// " (did you mean \"x\"?)", or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view text, std::span<const std::string> candidates);

// 1048576 -> "1 MiB", 20000 -> "20s".
[[nodiscard]] std::string size_text(uint64_t size);
[[nodiscard]] std::string duration_text(uint32_t duration_ms);

}  // namespace sallyport::config
