#include "accounts/login_limits.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/digest.hpp"

namespace postern::accounts {
namespace {

// The bytes that stand for everybody who can take this address: of IPv6 the first 64 bits, since one subscriber has
// them all. A text that is no address stands for itself.
std::string network_of(std::string_view address) {
  std::string text(address);
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  const auto* const bytes = reinterpret_cast<const char*>(v6.s6_addr);
  if (!IN6_IS_ADDR_V4MAPPED(&v6)) return {bytes, 8};
  char v4[INET_ADDRSTRLEN];
  return ::inet_ntop(AF_INET, bytes + 12, v4, sizeof v4);
}

// How a directory may read the name: without case and without spaces around it. Of the names that are two users' there,
// both pay for the other's wrong passwords.
std::string counted_name(std::string_view username) {
  const auto begin = username.find_first_not_of(' ');
  if (begin == username.npos) return {};
  return lower(username.substr(begin, username.find_last_not_of(' ') + 1 - begin));
}

// The sizes keep two parts from being taken for two others.
std::string counter_name(std::string_view kind, std::string_view network, std::string_view username) {
  const std::string counted =
      std::string(kind) + ' ' + std::to_string(network.size()) + ' ' + std::string(network) + std::string(username);
  return encode_base64url(bytes_of(sha256(counted)));
}

// Counters, but for what is not limited.
class Attempts {
 public:
  explicit Attempts(state::Millis window) : window_(window) {}

  void count(std::string name, std::uint32_t limit, bool forgiven = false) {
    if (limit > 0) counters_.push_back({std::move(name), limit, window_, forgiven});
  }
  std::vector<state::Attempt> counters() && { return std::move(counters_); }

 private:
  state::Millis window_;
  std::vector<state::Attempt> counters_;
};

}  // namespace

std::vector<state::Attempt> attempts_of(std::string_view username, std::string_view address, const LoginLimits& limits,
                                        NamesDiffer names) {
  Attempts attempts(limits.window);
  const bool is_exact = names == NamesDiffer::by_each_byte;
  const std::string name = is_exact ? std::string(username) : counted_name(username);
  attempts.count(counter_name("user and address", network_of(address), name), limits.each_user_and_address, is_exact);
  attempts.count(counter_name("address", network_of(address), ""), limits.each_address);
  attempts.count(counter_name("user", "", name), limits.each_user);
  return std::move(attempts).counters();
}

std::vector<state::Attempt> client_attempts_of(std::string_view client, std::string_view address,
                                               const LoginLimits& limits) {
  Attempts attempts(limits.window);
  attempts.count(counter_name("client and address", network_of(address), client), limits.each_user_and_address);
  attempts.count(counter_name("address", network_of(address), ""), limits.each_address);
  return std::move(attempts).counters();
}

}  // namespace postern::accounts
