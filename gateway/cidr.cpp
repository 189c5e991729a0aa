#include "gateway/cidr.hpp"

#include <charconv>

namespace postern {
namespace {

using boost::asio::ip::address_v6;

address_v6::bytes_type to_bytes(const boost::asio::ip::address& address) {
  if (address.is_v6()) return address.to_v6().to_bytes();
  return boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, address.to_v4()).to_bytes();
}

}  // namespace

bool CidrSet::add(const std::string& text) {
  const auto slash = text.find('/');
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(text.substr(0, slash), error);
  if (error) return false;
  const unsigned width = address.is_v4() ? 32 : 128;
  unsigned prefix = width;
  if (slash != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [rest, code] = std::from_chars(text.data() + slash + 1, end, prefix);
    if (code != std::errc{} || rest != end || prefix > width) return false;
  }
  blocks_.push_back({to_bytes(address), prefix + (128 - width)});
  return true;
}

bool CidrSet::holds(boost::asio::ip::address address) const noexcept {
  const auto bytes = to_bytes(address);
  for (const Block& block : blocks_) {
    bool same = true;
    for (unsigned bit = 0; same && bit < block.prefix; bit += 8) {
      const unsigned kept = std::min(8U, block.prefix - bit);
      const auto mask = static_cast<unsigned char>(0xFF00U >> kept);
      same = ((bytes[bit / 8] ^ block.bytes[bit / 8]) & mask) == 0;
    }
    if (same) return true;
  }
  return false;
}

}  // namespace postern
