#include "gateway/start_pages.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <fstream>
#include <string>

namespace postern {
namespace {

// Of this process, in KiB, of mapped files.
std::size_t resident_of_files() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stoul(line.substr(line.find_first_of("0123456789")));
  }
  return 0;
}

const std::string constant = "of a page that is unmapped";
std::string written = "as it was made";

TEST_CASE("code and constants leave memory and come back, what was written stays") {
  written = "as it was written";
  const std::size_t before = resident_of_files();
  unmap_start_pages();
  const std::size_t after = resident_of_files();
  REQUIRE(before > 0);
  CHECK(after < before / 2);
  CHECK(written == "as it was written");
  CHECK(constant == "of a page that is unmapped");
}

}  // namespace
}  // namespace postern
