#include "state/redis/scripts.hpp"

#include <openssl/evp.h>

#include <cstddef>
#include <initializer_list>
#include <new>

#include "base/base64.hpp"
#include "state/redis/lua.hpp"

namespace postern::state::redis {
namespace {

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, 20> digest{};
  // A wrong name would be one for ever.
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1) throw std::bad_alloc();
  return encode_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string steps_of(Script script) {
  switch (script) {
    case Script::begin_session:
      return joined({lua::shared, lua::begin_session});
    case Script::rotate:
      return joined(
          {lua::shared, lua::forgetting, lua::ending, lua::reading, lua::marking, lua::revoking, lua::rotate});
    case Script::find:
      return joined({lua::shared, lua::ending, lua::reading, lua::find});
    case Script::revoke:
      return joined({lua::shared, lua::ending, lua::marking, lua::revoking, lua::revoke});
    case Script::end_sessions:
      return joined({lua::shared, lua::ending, lua::marking, lua::revoking, lua::end_sessions});
    case Script::load_keys:
      return joined({lua::shared, lua::reading_keys, lua::load_keys});
    case Script::add_key:
      return joined({lua::shared, lua::reading_keys, lua::add_key});
    case Script::count_attempt:
      return joined({lua::shared, lua::count_attempt});
    case Script::uncount_attempt:
      return joined({lua::shared, lua::uncount_attempt});
    case Script::sweep:
      return joined({lua::shared, lua::forgetting, lua::ending, lua::marking, lua::sweep});
  }
  return {};
}

}  // namespace

bool writes(Script script) noexcept {
  return script != Script::find && script != Script::load_keys;
}

std::string text_of(Script script) {
  return joined({writes(script) ? lua::in_time : "", steps_of(script)});
}

const std::string& name_of(Script script) {
  static const auto names = [] {
    std::array<std::string, all_scripts.size()> made;
    for (const Script one : all_scripts) made[static_cast<std::size_t>(one)] = sha1_hex(text_of(one));
    return made;
  }();
  return names[static_cast<std::size_t>(script)];
}

}  // namespace postern::state::redis
