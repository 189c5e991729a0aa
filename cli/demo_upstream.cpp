#include "cli/demo_upstream.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <optional>
#include <thread>

#include "base/json.hpp"
#include "cli/beast_http.hpp"

namespace postern::cli {
namespace {

using asio::ip::tcp;
using Parser = beast_http::request_parser<beast_http::buffer_body>;

constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

// What came, as JSON for people; fields of one name are joined.
std::string describe(const Parser& parser, std::uint64_t body_bytes) {
  std::map<std::string, std::string> fields;
  for (const auto& field : parser.get()) {
    std::string& value = fields[std::string(field.name_string())];
    value.append(value.empty() ? "" : ", ").append(field.value());
  }
  std::string text = "{\n  \"method\": ";
  append_json_string(text, std::string(parser.get().method_string()));
  text += ",\n  \"path\": ";
  append_json_string(text, std::string(parser.get().target()));
  text += ",\n  \"headers\": {";
  const char* between = "\n    ";
  for (const auto& [name, value] : fields) {
    text += between;
    append_json_string(text, name);
    text += ": ";
    append_json_string(text, value);
    between = ",\n    ";
  }
  return text + "\n  },\n  \"body_bytes\": " + std::to_string(body_bytes) + "\n}\n";
}

// Reads the body and forgets it; nothing when the connection is lost.
asio::awaitable<std::optional<std::uint64_t>> count_body(tcp::socket& socket, boost::beast::flat_buffer& buffer,
                                                         Parser& parser) {
  std::array<char, 16 << 10> piece;
  std::uint64_t count = 0;
  while (!parser.is_done()) {
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    const auto [error, bytes] = co_await beast_http::async_read(socket, buffer, parser, as_result);
    if (error && error != beast_http::error::need_buffer) co_return std::nullopt;
    count += piece.size() - parser.get().body().size;
  }
  co_return count;
}

asio::awaitable<bool> answer(tcp::socket& socket, boost::beast::flat_buffer& buffer) {
  Parser parser;
  parser.body_limit(boost::none);
  const auto [head_error, head_bytes] = co_await beast_http::async_read_header(socket, buffer, parser, as_result);
  if (head_error) co_return false;
  if (parser.get()[beast_http::field::expect] == "100-continue") {
    co_await asio::async_write(socket, asio::buffer(go_on), as_result);
  }
  const auto body_bytes = co_await count_body(socket, buffer, parser);
  if (!body_bytes) co_return false;

  beast_http::response<beast_http::string_body> response(beast_http::status::ok, 11);
  response.set(beast_http::field::content_type, "application/json");
  response.keep_alive(parser.get().keep_alive());
  const std::string body = describe(parser, *body_bytes);
  response.content_length(body.size());
  if (parser.get().method() != beast_http::verb::head) response.body() = body;
  const auto [write_error, written] = co_await beast_http::async_write(socket, response, as_result);
  co_return !write_error && response.keep_alive();
}

asio::awaitable<void> serve(tcp::socket socket) {
  boost::beast::flat_buffer buffer;
  for (bool more = true; more;) more = co_await answer(socket, buffer);  // no co_await in a condition: g++ 12
}

asio::awaitable<void> accept(tcp::acceptor& acceptor) {
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(as_result);
    if (error) co_return;
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
  }
}

}  // namespace

struct DemoUpstream::State {
  asio::io_context io{1};
  tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::thread thread;
};

DemoUpstream::DemoUpstream() : state_(std::make_unique<State>()) {
  asio::co_spawn(state_->io, accept(state_->acceptor), asio::detached);
  state_->thread = std::thread([state = state_.get()] { state->io.run(); });
}

DemoUpstream::~DemoUpstream() {
  state_->io.stop();
  state_->thread.join();
}

std::string DemoUpstream::url() const {
  return "http://127.0.0.1:" + std::to_string(state_->acceptor.local_endpoint().port());
}

}  // namespace postern::cli
