#include "gateway/start_pages.hpp"

#include <link.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

namespace postern {
namespace {

struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

// Where the program and its libraries are loaded, but for what is written to.
using ConstantSegments = std::vector<Range>;

void add_segments(const dl_phdr_info& object, ConstantSegments& segments) {
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const auto& segment = object.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
    segments.push_back({begin, begin + segment.p_memsz});
  }
}

ConstantSegments constant_segments() {
  ConstantSegments segments;
  const auto add = [](dl_phdr_info* object, std::size_t, void* all) {
    add_segments(*object, *static_cast<ConstantSegments*>(all));
    return 0;
  };
  ::dl_iterate_phdr(add, &segments);
  return segments;
}

// One mapping of /proc/self/smaps (proc_pid_smaps(5)).
struct Mapping {
  Range range;
  bool own = false;  // a page of it is no longer the file's

  // False for what is no first line of a mapping.
  bool begins_with(const std::string& line) {
    Range read;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " ", &read.begin, &read.end) != 2) return false;
    *this = {read, false};
    return true;
  }

  void note(const std::string& line) {
    const bool of_own_pages = line.starts_with("Anonymous:") || line.starts_with("Swap:");
    if (of_own_pages && line.find_first_of("123456789") != line.npos) own = true;
  }

  void unmap_within(const ConstantSegments& segments) const noexcept {
    const bool is_constant = std::any_of(segments.begin(), segments.end(), [this](const Range& segment) {
      return range.begin <= segment.begin && segment.begin < range.end;
    });
    if (is_constant && !own) ::madvise(reinterpret_cast<void*>(range.begin), range.end - range.begin, MADV_DONTNEED);
  }
};

void unmap_constant_segments() {
  const ConstantSegments segments = constant_segments();
  std::ifstream smaps("/proc/self/smaps");
  Mapping mapping;
  for (std::string line; std::getline(smaps, line);) {
    const Mapping before = mapping;
    if (mapping.begins_with(line)) {
      before.unmap_within(segments);
    } else {
      mapping.note(line);
    }
  }
  mapping.unmap_within(segments);
}

}  // namespace

void unmap_start_pages() {
  // No library is unloaded until the callback returns, and none is listed before it is mapped: what is looked at stays
  // what it is, whatever other threads load.
  const auto with_the_loader_locked = [](dl_phdr_info*, std::size_t, void*) {
    try {
      unmap_constant_segments();
    } catch (const std::exception&) {  // no memory: everything stays mapped
    }
    return 1;
  };
  ::dl_iterate_phdr(with_the_loader_locked, nullptr);
}

}  // namespace postern
