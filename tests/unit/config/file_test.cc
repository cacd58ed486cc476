#include "config/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "config/config.h"
#include "config/limits.h"
#include "tests/unit/config/folder.h"

namespace sallyport::config {
namespace {

Secret file_secret(const std::filesystem::path& path) { return {Secret::Source::file, path.string(), {}}; }

TEST(ReadSecret, FileWithoutItsNewline) {
  const Folder folder;
  const auto path = folder.write("secret", "pass word \r\n");
  chmod(path.c_str(), 0600);
  EXPECT_EQ(read_secret(file_secret(path)).value(), "pass word ");
}

TEST(ReadSecret, RefusesFilesThatOthersCanReach) {
  const Folder folder;
  const auto path = folder.write("secret", "password");
  for (const mode_t mode : {0644, 0604, 0602, 0620, 0666}) {
    chmod(path.c_str(), mode);
    EXPECT_FALSE(read_secret(file_secret(path)).has_value()) << std::oct << mode;
  }
  for (const mode_t mode : {0600, 0400, 0640}) {
    chmod(path.c_str(), mode);
    EXPECT_TRUE(read_secret(file_secret(path)).has_value()) << std::oct << mode;
  }
}

TEST(ReadSecret, RefusesLinksFoldersPipesAndTheRest) {
  const Folder folder;
  const auto path = folder.write("secret", "password");
  chmod(path.c_str(), 0600);
  std::filesystem::create_symlink(path, folder.path() / "link");
  EXPECT_FALSE(read_secret(file_secret(folder.path() / "link")).has_value());
  EXPECT_FALSE(read_secret(file_secret(folder.path())).has_value());
  EXPECT_FALSE(read_secret(file_secret(folder.path() / "missing")).has_value());
  ASSERT_EQ(mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(read_secret(file_secret(folder.path() / "pipe")).has_value());
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string(5000, 'a'), std::string("a\0b", 3)}) {
    const auto bad = folder.write("bad", text);
    chmod(bad.c_str(), 0600);
    const Result<std::string> secret = read_secret(file_secret(bad));
    EXPECT_FALSE(secret.has_value());
  }
  EXPECT_FALSE(read_secret({}).has_value());
}

TEST(ReadSecret, EnvironmentAndSystemd) {
  const Folder folder;
  setenv("SALLYPORT_TEST_SECRET", "from env", 1);
  EXPECT_EQ(read_secret({Secret::Source::environment, "SALLYPORT_TEST_SECRET", {}}).value(), "from env");
  unsetenv("SALLYPORT_TEST_SECRET");
  EXPECT_FALSE(read_secret({Secret::Source::environment, "SALLYPORT_TEST_SECRET", {}}).has_value());

  const Secret credential{Secret::Source::systemd_credential, "orders", {}};
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_FALSE(read_secret(credential).has_value());
  chmod(folder.write("orders", "from systemd\n").c_str(), 0400);
  setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  EXPECT_EQ(read_secret(credential).value(), "from systemd");
  EXPECT_FALSE(read_secret({Secret::Source::systemd_credential, "../orders", {}}).has_value());
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST(ReadFile, KeepsToItsLimit) {
  const Folder folder;
  const auto path = folder.write("file", std::string(100, 'a'));
  EXPECT_EQ(read_file(path, 100)->size(), 100u);
  EXPECT_FALSE(read_file(path, 99).has_value());
}

}  // namespace
}  // namespace sallyport::config
