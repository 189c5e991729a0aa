#include "gateway/client_address.hpp"

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

std::string client_address(const http::Fields& fields, const boost::asio::ip::address& peer, const CidrSet& trusted) {
  if (!trusted.holds(peer)) return peer.to_string();
  std::vector<std::string_view> hops;
  for (const http::Field& field : fields) {
    if (field.removed || field.known != http::KnownField::x_forwarded_for) continue;
    for (std::string_view rest = field.value; !rest.empty();) hops.push_back(http::trim(http::take_part(rest, ',')));
  }
  std::string client = peer.to_string();
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = parse_address(*hop);
    if (!address) return peer.to_string();
    client = address->to_string();
    if (!trusted.holds(*address)) break;
  }
  return client;
}

}  // namespace postern
