// What the files that speak HTTP by Beast, and not through the gateway, name alike.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace postern::cli {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;

// `auto [error, size] = co_await asio::async_write(socket, buffer, as_result)`; nothing is thrown.
inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

}  // namespace postern::cli
