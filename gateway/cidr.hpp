// Address blocks such as `10.0.0.0/8` and `fd00::/8` (RFC 4632, RFC 4291).
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <vector>

namespace postern {

class CidrSet {
 public:
  // False when `text` is no address block; a plain address is a block of one.
  bool add(const std::string& text);
  // An IPv4 address mapped into IPv6 is looked up as IPv4.
  bool holds(boost::asio::ip::address address) const noexcept;
  bool empty() const noexcept { return blocks_.empty(); }

 private:
  struct Block {
    boost::asio::ip::address_v6::bytes_type bytes;  // IPv4 in its mapped form
    unsigned prefix;                                // of 128
  };
  std::vector<Block> blocks_;
};

}  // namespace postern
