#include "state/sealed_successor.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "base/base64.hpp"

namespace postern::state {
namespace {

const Secret used(std::string(32, 'u'));
const Secret successor(std::string(32, 's'));
constexpr std::string_view sid = "c3Nzc3Nzc3Nzc3Nzc3Nzcw";
constexpr Millis end = 1000;

void fill_with_n(void* bytes, std::size_t size) {
  std::memset(bytes, 'n', size);
}

}  // namespace

TEST_CASE("A sealed successor opens with the used secret and its session") {
  const SealedSuccessor sealed = seal_successor(used, sid, successor, end);
  CHECK(sealed.opens_until == end);
  CHECK(sealed.bytes.size() == 12 + 32 + 16);
  CHECK(open_successor(sealed, used, sid, 0) == successor);
  CHECK_FALSE(open_successor(sealed, successor, sid, 0));
  CHECK_FALSE(open_successor(sealed, used, "c3Nzc3Nzc3Nzc3Nzc3Nzdw", 0));
  CHECK_FALSE(open_successor(sealed, used, "", 0));
}

TEST_CASE("A sealed successor opens until the grace ends") {
  const SealedSuccessor sealed = seal_successor(used, sid, successor, end);
  CHECK(open_successor(sealed, used, sid, end - 1));
  CHECK_FALSE(open_successor(sealed, used, sid, end));
}

TEST_CASE("A sealed successor of which any byte was changed or lost does not open") {
  const SealedSuccessor sealed = seal_successor(used, sid, successor, end);
  for (std::size_t i = 0; i < sealed.bytes.size(); ++i) {
    SealedSuccessor other = sealed;
    other.bytes[i] = static_cast<char>(other.bytes[i] ^ 0x80);
    CAPTURE(i);
    CHECK_FALSE(open_successor(other, used, sid, 0));
    CHECK_FALSE(open_successor({sealed.bytes.substr(0, i), end}, used, sid, 0));
  }
}

TEST_CASE("One successor sealed twice gives different bytes") {
  CHECK(seal_successor(used, sid, successor, end).bytes != seal_successor(used, sid, successor, end).bytes);
}

// What a gateway of another version has sealed must open here: computed with Python's cryptography package.
TEST_CASE("The sealed form stays as it is") {
  CHECK(encode_base64url(seal_successor(used, sid, successor, end, fill_with_n).bytes) ==
        "bm5ubm5ubm5ubm5uS_BA8FGjaxGiujtR6ikDOSd3gL2izB-xYvtJgoK7b_XJ8V-1tx4rHjIOEfuNlfMn");
}

}  // namespace postern::state
