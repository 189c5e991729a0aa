#include "gateway/client_address.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/http/list_parts.hpp"

namespace postern {
namespace {

std::optional<boost::asio::ip::address> parse_address(std::string_view text) {
  if (text.starts_with('[')) {
    text = text.substr(1, text.find(']') - 1);
  } else if (text.find(':') == text.rfind(':')) {  // one colon: IPv4 with a port
    text = text.substr(0, text.find(':'));
  }
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return address;
}

}  // namespace

std::string text_of(const boost::asio::ip::address& address) {
  if (!address.is_v4()) return address.to_string();
  // Not by to_string(): it prints with sprintf(), at 1,700 instructions for each connection.
  std::array<char, 4 * 4> text;
  char* at = text.data();
  for (const unsigned char byte : address.to_v4().to_bytes()) {
    at = std::to_chars(at, text.data() + text.size(), byte).ptr;
    *at++ = '.';
  }
  return std::string(text.data(), at - 1);
}

std::string client_address(const http::Fields& fields, const boost::asio::ip::address& peer, const CidrSet& trusted) {
  if (!trusted.holds(peer)) return text_of(peer);
  std::vector<std::string_view> hops;
  for (const http::Field& field : fields) {
    if (field.removed || field.known != http::KnownField::x_forwarded_for) continue;
    for (std::string_view rest = field.value; !rest.empty();) hops.push_back(http::trim(http::take_part(rest, ',')));
  }
  std::string client = text_of(peer);
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = parse_address(*hop);
    if (!address) return text_of(peer);
    client = text_of(*address);
    if (!trusted.holds(*address)) break;
  }
  return client;
}

}  // namespace postern
