#include "core/guard/custom.h"

#include <gtest/gtest.h>

#include "core/guard/masker.h"
#include "core/guard/scanner.h"

namespace sallyport::guard {
namespace {

config::CustomDetector detector(std::string name, std::string pattern, std::vector<std::string> words = {},
                                config::DetectorCheck check = config::DetectorCheck::none) {
  return {.name = std::move(name),
          .pattern = std::move(pattern),
          .words = std::move(words),
          .check = check,
          .pattern_place = {"sallyport.toml", 7},
          .place = {"sallyport.toml", 5}};
}

std::string problem(const config::CustomDetector& detector) {
  const auto made = CustomDetectors::compile({detector});
  if (made) return "";
  return made.error()[0].place.text() + ": " + made.error()[0].text;
}

// What the detector finds in `text`, marked; other detectors are there and do not count.
std::string found(const config::CustomDetector& detector, std::string text) {
  const auto custom = CustomDetectors::compile({detector});
  if (!custom) return custom.error()[0].text;
  const DetectorSet set = *find_detectors(detector.name, custom->get());
  const auto scanner = Scanner::compile(set | DetectorSet::all(), *custom);
  ScanScratch scratch;
  ScanResult result;
  if (!scanner || !scratch.prepare(**scanner)) return "cannot compile";
  const Field field{0, static_cast<uint32_t>(text.size()), set};
  if (!(*scanner)->scan({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, {&field, 1}, scratch,
                        result))
    return "cannot scan";
  for (size_t i = result.hits.size(); i-- > 0;) {
    text.insert(result.hits[i].range.end, "»");
    text.insert(result.hits[i].range.begin, "«");
  }
  return text;
}

// A pattern alone is found as a whole word, to its greatest length.
TEST(Custom, Patterns) {
  const auto employee = detector("employee", "EMP-[0-9]{4,6}");
  EXPECT_EQ(found(employee, "EMP-1234"), "«EMP-1234»");
  EXPECT_EQ(found(employee, "by EMP-123456, EMP-9999."), "by «EMP-123456», «EMP-9999».");
  EXPECT_EQ(found(employee, "EMP-1234567"), "EMP-1234567");
  EXPECT_EQ(found(employee, "XEMP-1234"), "XEMP-1234");
  EXPECT_EQ(found(employee, "EMP-123"), "EMP-123");
  EXPECT_EQ(found(employee, "emp-1234"), "emp-1234");
  EXPECT_EQ(found(detector("employee", "(?i)emp-[0-9]{4}"), "EmP-1234"), "«EmP-1234»");
  EXPECT_EQ(found(detector("order", "ORD(ER)?-[A-F]{2}[0-9]{2}"), "ORDER-AB12 ORD-CD34"),
            "«ORDER-AB12» «ORD-CD34»");
}

// With words the pattern may be digits alone; the word stands before it.
TEST(Custom, Context) {
  const auto customer = detector("customer", "[0-9]{6,8}", {"customer", "Kunde"});
  EXPECT_EQ(found(customer, "customer 1234567"), "customer «1234567»");
  EXPECT_EQ(found(customer, "KUNDE: 12345678, 87654321"), "KUNDE: «12345678», 87654321");
  EXPECT_EQ(found(customer, "1234567"), "1234567");
  EXPECT_EQ(found(customer, "order 1234567"), "order 1234567");
  EXPECT_EQ(found(customer, "customer 123456789"), "customer 123456789");
  EXPECT_EQ(found(customer, "customer" + std::string(60, ' ') + "1234567"),
            "customer" + std::string(60, ' ') + "1234567");
}

TEST(Custom, Checks) {
  const auto luhn = detector("member", "MEM-[0-9]{8}", {}, config::DetectorCheck::luhn);
  EXPECT_EQ(found(luhn, "MEM-12345674"), "«MEM-12345674»");
  EXPECT_EQ(found(luhn, "MEM-12345675"), "MEM-12345675");
  const auto verhoeff = detector("v", "[0-9]{4}", {"code"}, config::DetectorCheck::verhoeff);
  EXPECT_EQ(found(verhoeff, "code 2363"), "code «2363»");  // 236 and 3: the usual textbook example
  EXPECT_EQ(found(verhoeff, "code 2364"), "code 2364");
  const auto mod11 = detector("m", "[0-9]{4,6}", {"code"}, config::DetectorCheck::mod11_10);
  EXPECT_EQ(found(mod11, "code 07945"), "code «07945»");  // ISO 7064's own: 0794 and 5
  EXPECT_EQ(found(mod11, "code 07946"), "code 07946");
  const auto mod97 = detector("n", "[0-9]{4,6}", {"code"}, config::DetectorCheck::mod97);
  EXPECT_EQ(found(mod97, "code 79444"), "code «79444»");  // ISO 7064's own: 794 and 44
  EXPECT_EQ(found(mod97, "code 79445"), "code 79445");
}

// What has no bound, could match nothing, or would slow every scan is refused with its place and a way out.
TEST(Custom, Refused) {
  EXPECT_EQ(
      problem(detector("a", "EMP-[0-9]+")),
      "sallyport.toml:7: detector \"a\": pattern has no greatest length: write {1,32} where there is + or *");
  EXPECT_NE(problem(detector("a", "(EMP)?")).find("as short as 0 bytes"), std::string::npos);
  EXPECT_NE(problem(detector("a", "EMP")).find("as short as 3 bytes"), std::string::npos);
  EXPECT_NE(problem(detector("a", "EMP-[0-9]{200}")).find("longer than 128 bytes"), std::string::npos);
  EXPECT_NE(problem(detector("a", "EMP-[0-9]{1,100}")).find("differ by more than 64"), std::string::npos);
  EXPECT_NE(problem(detector("a", "[0-9]{8}")).find("too slow"), std::string::npos);
  EXPECT_NE(problem(detector("a", "AB[0-9]{8}")).find("too slow"), std::string::npos);
  EXPECT_NE(problem(detector("a", "EMPL|[0-9]{8}")).find("too slow"), std::string::npos);
  EXPECT_NE(problem(detector("a", "(EMP|XYZ)[0-9]{8}")).find("too slow"), std::string::npos);
  EXPECT_NE(problem(detector("a", "E?M?P?[0-9]{8}")).find("too slow"), std::string::npos);
  EXPECT_NE(problem(detector("a", "^EMP-[0-9]{4}$")).find("leave them out"), std::string::npos);
  EXPECT_NE(problem(detector("a", "\\bEMP-[0-9]{4}")).find("leave them out"), std::string::npos);
  EXPECT_NE(problem(detector("a", "EMP-[0-9")).find("none that can be used"), std::string::npos);
  EXPECT_NE(problem(detector("a", "EMP-(\\d)\\1{4}")).find("none that can be used"), std::string::npos);
  EXPECT_NE(problem(detector("email", "EMP-[0-9]{4}")).find("built-in"), std::string::npos);
  EXPECT_EQ(problem(detector("a", "[0-9]{8}", {"customer"})), "");
  EXPECT_EQ(problem(detector("a", "EMP-[0-9]{4}")), "");
}

TEST(Custom, Names) {
  const auto custom =
      CustomDetectors::compile({detector("a", "EMP-[0-9]{4}"), detector("b", "XYZ-[0-9]{4}")});
  ASSERT_TRUE(custom.has_value());
  EXPECT_EQ(find_detectors("b", custom->get()), DetectorSet(custom_id(1)));
  EXPECT_EQ(find_detectors("email", custom->get()), DetectorSet(DetectorId::Email));
  EXPECT_FALSE(find_detectors("c", custom->get()));
  EXPECT_FALSE(find_detectors("b", nullptr));
  EXPECT_EQ((*custom)->name(custom_id(1)), "b");
  const auto scanner = Scanner::compile(custom_id(0), *custom);
  Masker masker;
  ASSERT_TRUE(scanner && masker.prepare(**scanner));
  MaskPlan plan;
  plan.add(custom_id(0), MaskAction::Redact);
  EXPECT_EQ(masker.mask_text(**scanner, plan, "see EMP-1234 there"), "see [a] there");
  EXPECT_EQ(detector_names(custom->get()).size(), detector_count + 4);
  EXPECT_FALSE(CustomDetectors::compile(std::vector(33, detector("a", "EMP-[0-9]{4}"))).has_value());
}

}  // namespace
}  // namespace sallyport::guard
