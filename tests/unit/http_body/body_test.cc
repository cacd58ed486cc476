// Bodies come out masked, the same however they were cut, and byte by byte as they were where nothing is to
// be masked.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "plugins/http/body/body_mask.h"
#include "tests/unit/http_body/eyes.h"

namespace sallyport::http {
namespace {

// What comes out of `body` fed in pieces of these sizes, the last one as often as needed; "!CODE" after a
// fault.
std::string masked(Media media, std::string_view body, std::vector<size_t> sizes) {
  Eyes eyes;
  const auto mask = make_body_mask(media, eyes);
  std::string out;
  for (size_t at = 0, i = 0; at < body.size(); ++i) {
    const size_t size = std::min(sizes[std::min(i, sizes.size() - 1)], body.size() - at);
    if (const auto fed = mask->feed(body.substr(at, size), out); !fed)
      return "!" + std::string(fed.error().code);
    at += size;
  }
  if (const auto done = mask->finish(out); !done) return "!" + std::string(done.error().code);
  return out;
}

struct Case {
  Media media;
  std::string_view body, out;
};

const Case cases[] = {
    {Media::json, R"({"a":1})", R"({"a":1})"},
    {Media::json, " [ ] ", " [ ] "},
    {Media::json, "-0.5e+3", "-0.5e+3"},
    {Media::json, R"("secret")", R"("[gone]")"},
    {Media::json, R"({"a":["secret",{"b":"x secret"}],"secret":null})",
     R"({"a":["[gone]",{"b":"x [gone]"}],"[gone]":null})"},
    {Media::json, R"({"a":"s\u0065cret","b":"\\\"","c":"\\"})", R"({"a":"[gone]","b":"\\\"","c":"\\"})"},
    {Media::json, R"({"named":"x","a":{"named":"y"}})", R"({"named":"[named]","a":{"named":"y"}})"},
    {Media::json, R"({"named":{"x":[1,{"y":true}],"z":{}},"a":2})",
     R"({"named":{"x":["[named]",{"y":"[named]"}],"z":{}},"a":2})"},
    {Media::json, R"([{"named":1},{"named":2}])", R"([{"named":"[named]"},{"named":"[named]"}])"},
    {Media::json, "", ""},
    {Media::json_lines, "{\"a\":\"secret\"}\n\n[1]\n2", "{\"a\":\"[gone]\"}\n\n[1]\n2"},
    {Media::events, "event: x\ndata: {\"a\":\"secret\"}\n\n", "event: x\ndata: {\"a\":\"[gone]\"}\n\n"},
    {Media::events, "data: one secret\r\ndata: two\r\n\r\n: secret\n\n",
     "data: one [gone]\ndata: two\n\n: [gone]\n\n"},
    {Media::events, "data\n\ndata: half", "data: \n\n"},
    {Media::form, "a=1&b=s%65cret+x&c", "a=1&b=%5Bgone%5D+x&c"},
    {Media::form, "named=a%20b&x=%zz", "named=%5Bnamed%5D&x=%zz"},
    {Media::events, "data: {\"a\":\"s\\u0065cret\"}\ndata: secret\n\n",
     "data: {\"a\":\"[gone]\"}\ndata: [gone]\n\n"},
    {Media::text, " {\"a\":\"s\\u0065cret\"}\n", " {\"a\":\"[gone]\"}\n"},
    {Media::text, "{no json, a secret", "{no json, a [gone]"},
    {Media::text, "no secret here", "no [gone] here"},
    {Media::text, "", ""},
};

TEST(Body, CutAnywhere) {
  for (const Case& one : cases) {
    EXPECT_EQ(masked(one.media, one.body, {one.body.size() + 1}), one.out) << one.body;
    EXPECT_EQ(masked(one.media, one.body, {1}), one.out) << one.body;
    for (size_t cut = 1; cut < one.body.size(); ++cut)
      EXPECT_EQ(masked(one.media, one.body, {cut, one.body.size()}), one.out)
          << one.body << " cut at " << cut;
  }
}

TEST(Body, BrokenJson) {
  for (const std::string_view bad : {"{",
                                     "[1,]",
                                     "{\"a\"}",
                                     "{\"a\":}",
                                     "{,}",
                                     "[1 2]",
                                     "01",
                                     "1.",
                                     ".5",
                                     "+1",
                                     "-",
                                     "1e",
                                     "tru",
                                     "nul",
                                     "TRUE",
                                     "\"a",
                                     "\"\\x\"",
                                     "\"\\u12g4\"",
                                     "\"a\nb\"",
                                     "{\"a\":1,}",
                                     "[}",
                                     "{]",
                                     "1 2",
                                     "{\"a\" 1}",
                                     "{a:1}",
                                     "'a'",
                                     "[1]]",
                                     "\xff",
                                     "\"\xff\"",
                                     "\"\xed\xa0\x80\"",
                                     "NaN",
                                     "{\"a\":1}}",
                                     "[\"a\":1]",
                                     "{1:2}",
                                     "\"\\\"",
                                     "--1",
                                     "\xef\xbb\xbf{}"}) {
    EXPECT_EQ(masked(Media::json, bad, {bad.size()}), "!body-no-json") << bad;
    EXPECT_EQ(masked(Media::json, bad, {1}), "!body-no-json") << bad;
  }
}

TEST(Body, Bounds) {
  const std::string deep(json_depth_max + 1, '[');
  EXPECT_EQ(masked(Media::json, deep, {deep.size()}), "!body-no-json");
  const std::string fits = std::string(json_depth_max, '[') + std::string(json_depth_max, ']');
  EXPECT_EQ(masked(Media::json, fits, {fits.size()}), fits);
  const std::string long_text = "\"" + std::string(2 * value_size_max, 'x') + "\"";
  EXPECT_EQ(masked(Media::json, long_text, {65536}), "!body-too-large");
  EXPECT_EQ(masked(Media::text, long_text, {65536}), "!body-too-large");
  EXPECT_EQ(masked(Media::events, "data: " + long_text, {65536}), "!body-too-large");
  EXPECT_EQ(masked(Media::form, long_text, {65536}), "!body-too-large");
  EXPECT_EQ(masked(Media::text, std::string_view("a\0b", 3), {3}), "!body-no-text");
  EXPECT_EQ(masked(Media::text, "\xc0\x80", {2}), "!body-no-text");
  EXPECT_EQ(masked(Media::json, "[\"withheld\"]", {64}), "!body-withheld");
}

// Many segments: each is a JSON value by brackets of the reader's own, of which none comes out.
TEST(Body, Segments) {
  nlohmann::json rows = nlohmann::json::array();
  for (int i = 0; i < 20'000; ++i) {
    rows.push_back({{"id", i},
                    {"deep", {{"list", {i, {{"text", i % 31 == 0 ? "a secret" : "nothing"}}}}}},
                    {"named", "x"},
                    {"empty", nlohmann::json::object()}});
  }
  const std::string text = nlohmann::json{{"rows", rows}, {"end", {1, 2}}}.dump(1);
  const std::string whole = masked(Media::json, text, {text.size()});
  for (nlohmann::json& row : rows) {
    row["named"] = "[named]";
    nlohmann::json& place = row["deep"]["list"][1]["text"];
    if (place == "a secret") place = "a [gone]";
  }
  const std::string expected = nlohmann::json{{"rows", rows}, {"end", {1, 2}}}.dump(1);
  const size_t same = static_cast<size_t>(std::ranges::mismatch(whole, expected).in1 - whole.begin());
  EXPECT_TRUE(whole == expected) << "from " << same << ": " << whole.substr(same, 80) << " for "
                                 << expected.substr(same, 80);
  for (const size_t size : {1000, 4097, 65535})
    EXPECT_TRUE(masked(Media::json, text, {size}) == whole) << size;
}

TEST(Body, Types) {
  EXPECT_EQ(media_of("application/json"), Media::json);
  EXPECT_EQ(media_of("Application/Problem+JSON; charset=UTF-8"), Media::json);
  EXPECT_EQ(media_of("text/event-stream"), Media::events);
  EXPECT_EQ(media_of("text/html; charset=\"utf-8\""), Media::text);
  EXPECT_EQ(media_of("image/svg+xml"), Media::text);
  EXPECT_EQ(media_of(""), Media::text);
  for (const std::string_view type :
       {"text/html; charset=utf-16", "application/json;charset=iso-8859-1", "image/png",
        "application/octet-stream", "application/pdf", "text/plain; charset=utf-7"})
    EXPECT_EQ(media_of(type), Media::none) << type;
}

}  // namespace
}  // namespace sallyport::http
