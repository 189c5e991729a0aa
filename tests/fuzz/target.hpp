// A fuzz target is one function, `judge`: it judges an input as the gateway does and states what must hold of the
// outcome. With POSTERN_LIBFUZZER its file becomes a libFuzzer program; without, a test that judges every seed of the
// target's corpus.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/reason.hpp"

#ifdef POSTERN_LIBFUZZER
#include <cstddef>
#include <cstdint>
#else
#include <doctest/doctest.h>
#endif

namespace postern::fuzz {

struct Verdict {
  bool accepted = false;
  std::string code;    // of a refusal that has a stable reason code
  std::string detail;  // why it was refused, in words
};

// A property that does not hold. Nothing catches it in a fuzzer, which ends and keeps the input.
class BrokenProperty : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void require(bool holds, const char* property) {
  if (!holds) throw BrokenProperty(property);
}

// Nothing that a terminal or a log could take for more than text on one line.
inline bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

inline Verdict accepted() {
  return {true, {}, {}};
}

inline Verdict refused(const Refusal& refusal) {
  require(refusal.reason != Reason::accepted, "a refusal has a reason");
  require(is_printable(refusal.detail), "the detail of a refusal is printable, whatever was sent");
  require(refusal.detail.size() < 4096, "the detail of a refusal is short, whatever was sent");
  return {false, std::string(code_of(refusal.reason)), refusal.detail};
}

inline Verdict refused(std::string detail) {
  return {false, {}, std::move(detail)};
}

// Judges every file of the target's corpus and checks that it ends as its folder says: `accepted/FILE`, `refused/FILE`,
// or `refused/CODE/FILE` where a refusal has a reason code.
void replay(std::string_view target, Verdict (*judge)(std::string_view));

}  // namespace postern::fuzz

#ifdef POSTERN_LIBFUZZER
#define POSTERN_FUZZ_TARGET(name)                                                     \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    (void)judge(std::string_view(reinterpret_cast<const char*>(data), size));         \
    return 0;                                                                         \
  }
#else
#define POSTERN_FUZZ_TARGET(name)                              \
  TEST_CASE("each seed of " name " ends as its folder says") { \
    postern::fuzz::replay(name, judge);                        \
  }
#endif
