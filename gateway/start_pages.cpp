#include "gateway/start_pages.hpp"

#include <sys/mman.h>

#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace postern {
namespace {

// One mapping of /proc/self/smaps (proc_pid_smaps(5)).
struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool constant = false;  // a private mapping of a file that cannot be written to
  bool own = false;       // a page of it is no longer the file's

  // False for what is no first line of a mapping.
  bool begins_with(const std::string& line) {
    std::uintptr_t from = 0, to = 0;
    std::array<char, 5> rights{};
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %4s", &from, &to, rights.data()) != 3) return false;
    *this = {from, to, rights[0] == 'r' && rights[1] == '-' && rights[3] == 'p' && line.find('/') != line.npos, false};
    return true;
  }

  void note(const std::string& line) {
    const bool of_own_pages = line.starts_with("Anonymous:") || line.starts_with("Swap:");
    if (of_own_pages && line.find_first_of("123456789") != line.npos) own = true;
  }

  void unmap() const noexcept {
    if (constant && !own) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
};

}  // namespace

void unmap_start_pages() {
  std::ifstream smaps("/proc/self/smaps");
  Mapping mapping;
  for (std::string line; std::getline(smaps, line);) {
    const Mapping before = mapping;
    if (mapping.begins_with(line)) {
      before.unmap();
    } else {
      mapping.note(line);
    }
  }
  mapping.unmap();
}

}  // namespace postern
