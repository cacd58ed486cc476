// What callers wrote, as a chat shows it.
#include "core/control/webhook_text.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(VisibleText, ShowsWhatActs) {
  EXPECT_EQ(visible_text(std::string_view("a\0b\x07\x1b[2J\x7f\r\n", 11), false), "a␀b␇␛[2J␡␍␊");
  EXPECT_EQ(visible_text("a\n\tb\r", true), "a\n\tb␍");
}

TEST(VisibleText, ShowsWhatIsUnseen) {
  EXPECT_EQ(visible_text("x\u202ey\u200bz\u2066\ufeff\u2028\u00ad", false),
            "x\\u{202E}y\\u{200B}z\\u{2066}\\u{FEFF}\\u{2028}\\u{00AD}");
  EXPECT_EQ(visible_text("\u0085\ue000\U000E0041\u3164", true), "\\u{0085}\\u{E000}\\u{E0041}\\u{3164}");
  EXPECT_EQ(visible_text("äπ日😀 é", false), "äπ日😀 é");
}

// Overlong forms, surrogates, lone and cut sequences, beyond Unicode: byte by byte.
TEST(VisibleText, ShowsWhatIsNoUtf8) {
  EXPECT_EQ(visible_text("\xc0\xaf", false), "\\x{C0}\\x{AF}");
  EXPECT_EQ(visible_text("\xed\xa0\x80", false), "\\x{ED}\\x{A0}\\x{80}");
  EXPECT_EQ(visible_text("\xe2\x82", false), "\\x{E2}\\x{82}");
  EXPECT_EQ(visible_text("\xf4\x90\x80\x80z", false), "\\x{F4}\\x{90}\\x{80}\\x{80}z");
  EXPECT_EQ(visible_text("\xff", false), "\\x{FF}");
}

TEST(MrkdwnText, LeavesNothingThatFormats) {
  const CutText text = mrkdwn_text("```<!channel> & <https://evil.test|x>", 100);
  EXPECT_EQ(text.text, "ˋˋˋ&lt;!channel&gt; &amp; &lt;https://evil.test|x&gt;");
  EXPECT_TRUE(text.is_whole);
}

TEST(MrkdwnText, CutsBetweenCharacters) {
  EXPECT_EQ(mrkdwn_text("ab&c", 7).text, "ab&amp;");
  EXPECT_FALSE(mrkdwn_text("ab&c", 7).is_whole);
  EXPECT_EQ(mrkdwn_text("ab&c", 6).text, "ab") << "never inside an entity";
  EXPECT_TRUE(mrkdwn_text("ab&c", 8).is_whole);
  EXPECT_EQ(mrkdwn_text("ä😀x", 2).text, "ä") << "two UTF-16 units";
  EXPECT_EQ(mrkdwn_text("ä😀x", 3).text, "ä😀");
  EXPECT_TRUE(mrkdwn_text("", 0).is_whole);
}

}  // namespace
}  // namespace sallyport
