#include "gateway/start_pages.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <fstream>
#include <string>
#include <thread>

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
constexpr char patched[] = "of a page that is written to";
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

// As a debugger sets a breakpoint: behind the back of the mapping's rights.
TEST_CASE("a mapping of which a page is the process' own stays as it is") {
  const int memory = ::open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
  REQUIRE(memory >= 0);
  const volatile char* const byte = patched;
  const bool is_allowed = ::pwrite(memory, "X", 1, reinterpret_cast<off_t>(patched)) == 1;
  ::close(memory);
  if (!is_allowed) {
    MESSAGE("this system lets nobody write there");
    return;
  }
  unmap_start_pages();
  CHECK(*byte == 'X');
}

// The loader maps what is to be written to as constant first, and unloads what lies where other memory may be next.
TEST_CASE("what other threads load meanwhile stays as it is") {
  std::atomic<bool> is_over{false};
  std::thread other([&] {
    while (!is_over) {
      void* const library = ::dlopen("libnss_compat.so.2", RTLD_NOW | RTLD_LOCAL);
      if (library != nullptr) ::dlclose(library);
    }
  });
  for (int i = 0; i < 1000; ++i) unmap_start_pages();
  is_over = true;
  other.join();
}

}  // namespace
}  // namespace postern
