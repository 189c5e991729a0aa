#include "gateway/start_pages.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

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

constexpr char constant[] = "of a page that is unmapped";
int written = 1;

TEST_CASE("code and constants leave memory and come back, what was written stays") {
  written = 2;
  const std::size_t before = resident_of_files();
  unmap_start_pages();
  const std::size_t after = resident_of_files();
  REQUIRE(before > 0);
  CHECK(after < before / 2);
  CHECK(written == 2);
  CHECK(std::string(constant) == "of a page that is unmapped");
}

// As a debugger's breakpoint: changed behind the back of the mapping's rights.
TEST_CASE("a mapping of which a page is the process' own stays as it is") {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  void* const place = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  ::close(file);
  REQUIRE(place != MAP_FAILED);
  char* const byte = static_cast<char*>(place);
  const char before = *byte;
  *byte = static_cast<char>(before + 1);
  REQUIRE(::mprotect(place, page, PROT_READ) == 0);
  unmap_start_pages();
  CHECK(*byte == static_cast<char>(before + 1));
  ::munmap(place, page);
}

}  // namespace
}  // namespace postern
