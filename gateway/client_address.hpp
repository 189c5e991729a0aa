// Whom a request comes from, when proxies stand in front. Pure.
#pragma once

#include <string>

#include "gateway/cidr.hpp"
#include "gateway/http/head.hpp"

namespace postern {

// The address in text, an IPv6 address as RFC 5952 has it.
std::string text_of(const boost::asio::ip::address& address);

// The last address of X-Forwarded-For that is no trusted proxy's: each proxy appends the address that it was reached
// from, and what a client wrote itself stands before that. An address may have a port behind it, and IPv6 brackets
// around it. The peer itself when it is not trusted, without the field, or with something else than an address in the
// place that counts; the first address when all are trusted.
std::string client_address(const http::Fields& fields, const boost::asio::ip::address& peer, const CidrSet& trusted);

}  // namespace postern
