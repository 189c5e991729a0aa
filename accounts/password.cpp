#include "accounts/password.hpp"

#include <argon2.h>

#include <optional>

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "conf/scalars.hpp"

namespace postern::accounts {
namespace {

constexpr std::size_t salt_bytes = 16, hash_bytes = 32;

tl::unexpected<std::string> wrong(std::string_view what) {
  return tl::unexpected(std::string(what));
}

// Takes what stands before `end` from the front of `text`, and `end` itself.
std::optional<std::string_view> take_until(std::string_view& text, char end) {
  const auto at = text.find(end);
  if (at == text.npos) return std::nullopt;
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + 1);
  return taken;
}

// The number of `m=19456`, from 1 to `most`.
std::optional<std::uint32_t> read_cost(std::string_view text, std::string_view name, std::uint32_t most) {
  if (!text.starts_with(name)) return std::nullopt;
  const auto number = conf::parse_integer(text.substr(name.size()));
  if (!number || *number == 0 || *number > most) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

// `m=19456,t=2,p=1`
std::optional<HashCost> parse_cost(std::string_view text) {
  const auto memory = take_until(text, ',');
  const auto passes = take_until(text, ',');
  if (!memory || !passes) return std::nullopt;
  const auto m = read_cost(*memory, "m=", most_memory_kib);
  const auto t = read_cost(*passes, "t=", most_passes);
  const auto p = read_cost(text, "p=", most_lanes);
  if (!m || !t || !p || *m < ARGON2_MIN_MEMORY * *p) return std::nullopt;
  return HashCost{*m, *t, *p};
}

// How many bytes an unpadded base64 text stands for; 0 for anything else.
std::size_t decoded_size(std::string_view text) {
  if (text.ends_with('=')) return 0;
  std::string padded(text);
  padded.append((4 - padded.size() % 4) % 4, '=');
  const auto bytes = decode_base64(padded);
  return bytes ? bytes->size() : 0;
}

std::string prefix_of(const HashCost& cost) {
  return "$argon2id$v=19$m=" + std::to_string(cost.memory_kib) + ",t=" + std::to_string(cost.passes) +
         ",p=" + std::to_string(cost.lanes) + "$";
}

std::string unpadded_base64(std::string_view bytes) {
  std::string text = encode_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

}  // namespace

tl::expected<PasswordHash, std::string> PasswordHash::parse(std::string text) {
  constexpr std::string_view begin = "$argon2id$v=19$";
  std::string_view rest = text;
  if (!rest.starts_with(begin)) return wrong("is no argon2id hash of version 19: it must begin with `$argon2id$v=19$`");
  rest.remove_prefix(begin.size());
  const auto costs = take_until(rest, '$');
  const auto salt = take_until(rest, '$');
  if (!costs || !salt)
    return wrong("is no whole hash: it must be `$argon2id$v=19$m=...,t=...,p=...$<salt>$<hash>`, in quotes");
  const auto cost = parse_cost(*costs);
  if (!cost) {
    return wrong("its costs must be `m=` (KiB) of 8 for each lane to " + std::to_string(most_memory_kib) +
                 ", `t=` of 1 to " + std::to_string(most_passes) + " and `p=` of 1 to " + std::to_string(most_lanes));
  }
  const std::size_t salt_size = decoded_size(*salt), hash_size = decoded_size(rest);
  if (salt_size < 8 || salt_size > 64) return wrong("its salt must be 8 to 64 bytes in base64 without padding");
  if (hash_size < 16 || hash_size > 64) return wrong("its hash must be 16 to 64 bytes in base64 without padding");
  return PasswordHash(std::move(text), *cost);
}

tl::expected<PasswordHash, std::string> PasswordHash::make(const Secret& password, const HashCost& cost) {
  const std::string_view bytes = password.reveal();
  if (bytes.empty()) return wrong("the password is empty");
  if (bytes.size() > most_password_bytes) {
    return wrong("the password is longer than " + std::to_string(most_password_bytes) + " bytes");
  }
  std::string salt(salt_bytes, '\0');
  fill_random(salt.data(), salt.size());
  std::string hash(hash_bytes, '\0');
  const int code = argon2id_hash_raw(cost.passes, cost.memory_kib, cost.lanes, bytes.data(), bytes.size(), salt.data(),
                                     salt.size(), hash.data(), hash.size());
  if (code != ARGON2_OK) return wrong(argon2_error_message(code));
  return PasswordHash(prefix_of(cost) + unpadded_base64(salt) + "$" + unpadded_base64(hash), cost);
}

PasswordHash PasswordHash::unmatched(const HashCost& cost) {
  return {prefix_of(cost) + unpadded_base64(std::string(salt_bytes, '\0')) + "$" +
              unpadded_base64(std::string(hash_bytes, '\0')),
          cost};
}

tl::expected<bool, std::string> verify_password(const PasswordHash& hash, const Secret& password) {
  const std::string_view bytes = password.reveal();
  if (bytes.size() > most_password_bytes) return false;
  const int code = argon2id_verify(hash.text().c_str(), bytes.data(), bytes.size());
  if (code == ARGON2_OK) return true;
  if (code == ARGON2_VERIFY_MISMATCH) return false;
  return wrong(argon2_error_message(code));
}

}  // namespace postern::accounts
