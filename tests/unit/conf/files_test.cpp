#include <cstdio>
#include <filesystem>
#include <fstream>

#include "sample.hpp"

using namespace postern;
using namespace postern::conf;

namespace {

// A file of the test's own that goes with it.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes)
      : path_((std::filesystem::temp_directory_path() / ("postern_files_test_" + std::to_string(++count))).string()) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  static inline int count = 0;
  std::string path_;
};

std::string secret_of(std::string_view bytes, SecretEncoding encoding = SecretEncoding::raw) {
  TemporaryFile file(bytes);
  auto secret = read_secret(file.path(), encoding);
  return secret ? std::string(secret->reveal()) : "error";
}

}  // namespace

TEST_CASE("a whole file is read, up to its limit at N and N+1") {
  TemporaryFile file("12345");
  CHECK(read_file(file.path(), 5) == "12345");
  auto refused = read_file(file.path(), 4);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == file.path() + " is longer than 4 bytes");
}

TEST_CASE("a file that cannot be read is told with the system's reason") {
  CHECK(read_file("no/such").error() == "cannot read no/such: No such file or directory");
  CHECK(read_file(std::filesystem::temp_directory_path().string()).error().find("Is a directory") != std::string::npos);
}

TEST_CASE("a secret file is its bytes less one final newline") {
  CHECK(secret_of("abc\n") == "abc");
  CHECK(secret_of("abc") == "abc");
  CHECK(secret_of("abc\n\n") == "abc\n");
  CHECK(secret_of(" abc \n") == " abc ");
  CHECK(secret_of("abc\r\n") == "abc\r");
  CHECK(secret_of(std::string("a\0b", 3)) == std::string("a\0b", 3));
  CHECK(secret_of("") == "error");
  CHECK(secret_of("\n") == "error");
}

TEST_CASE("a secret may be encoded") {
  CHECK(secret_of("YWJj\n", SecretEncoding::base64) == "abc");
  CHECK(secret_of("YWI", SecretEncoding::base64url) == "ab");
  CHECK(secret_of("616263", SecretEncoding::hex) == "abc");
  CHECK(secret_of("YWI", SecretEncoding::base64) == "error");
  CHECK(secret_of("YWI=", SecretEncoding::base64url) == "error");
  CHECK(secret_of("6", SecretEncoding::hex) == "error");
}

TEST_CASE("an error about a secret does not repeat it") {
  CHECK(decode_secret("hunter2!", SecretEncoding::hex).error() == "is not valid hex");
}

TEST_CASE("a file can be made where its folder is, and where no folder of its name is") {
  const std::string folder = std::filesystem::temp_directory_path().string();
  CHECK_FALSE(judge_output_file(folder + "/no-such-file"));
  CHECK_FALSE(judge_output_file("no-such-file"));
  CHECK(judge_output_file(folder) == folder + " is a folder");
  CHECK(judge_output_file(folder + "/no-such-folder/x") == "there is no folder " + folder + "/no-such-folder");
}

TEST_CASE("a folder is there, or can be made where its own folder is") {
  const std::string folder = std::filesystem::temp_directory_path().string();
  const TemporaryFile file("x");
  CHECK_FALSE(judge_output_folder(folder));
  CHECK_FALSE(judge_output_folder(folder + "/no-such-folder/"));
  CHECK_FALSE(judge_output_folder("no-such-folder"));
  CHECK(judge_output_folder(folder + "/no-such-folder/x/") == "there is no folder " + folder + "/no-such-folder");
  CHECK(judge_output_folder(file.path()) == file.path() + " is no folder");
}
