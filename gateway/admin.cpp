#include "gateway/admin.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "conf/address.hpp"
#include "gateway/admin_requests.hpp"
#include "gateway/listen_socket.hpp"

namespace postern {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using Stream = beast::basic_stream<tcp, Executor>;
using Response = beast::http::response<beast::http::string_body>;

constexpr std::uint32_t header_limit = 8 << 10;
constexpr std::uint64_t body_limit = 4 << 10;
constexpr std::size_t buffer_limit = 16 << 10;
constexpr std::size_t connection_limit = 64;
constexpr std::chrono::seconds read_timeout{10};
constexpr std::chrono::seconds write_timeout{10};

}  // namespace

// Shared with the connections, which may outlive the listener by a moment.
struct AdminListener::State {
  State(asio::io_context& control, AdminActions& asked) : acceptor(control.get_executor()), actions(&asked) {}

  asio::basic_socket_acceptor<tcp, Executor> acceptor;
  AdminActions* actions;  // null once the listener is gone
  bool on_loopback = true;
  std::string address;
  std::size_t connections = 0;

  static Task<void> accept(std::shared_ptr<State> state);
  static Task<void> serve(std::shared_ptr<State> state, Stream stream);
  static Task<void> read_and_answer(std::shared_ptr<State> state, Stream& stream);
};

namespace {

// A field that stands there exactly once.
std::optional<std::string> single(const beast::http::fields& fields, beast::http::field name) {
  const auto [first, last] = fields.equal_range(name);
  if (first == last || std::next(first) != last) return std::nullopt;
  return std::string(first->value());
}

AdminRequest to_admin_request(const beast::http::request<beast::http::string_body>& message) {
  AdminRequest request;
  const std::string_view target(message.target().data(), message.target().size());
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.method = std::string(message.method_string());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  request.host = single(message, beast::http::field::host);
  if (message.count(beast::http::field::origin) != 0) {
    request.origin = single(message, beast::http::field::origin).value_or("several");
  }
  const auto type = message[beast::http::field::content_type];
  request.content_type.assign(type.data(), type.size());
  request.body = message.body();
  return request;
}

Response to_response(const AdminReply& reply, bool without_body) {
  Response response(beast::http::int_to_status(reply.status), 11);
  response.keep_alive(false);
  response.set(beast::http::field::content_type, reply.content_type);
  response.set(beast::http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  if (!reply.allow.empty()) response.set(beast::http::field::allow, reply.allow);
  response.content_length(reply.body.size());
  if (!without_body) response.body() = reply.body;
  return response;
}

// What a request that cannot be read gets; nothing when the client is gone or was too slow.
std::optional<AdminReply> reply_to(const error_code& error) {
  if (error == beast::http::error::header_limit) return AdminReply(431, "the header is too large\n");
  if (error == beast::http::error::body_limit) return AdminReply(413, "the body is too large\n");
  if (error == beast::http::error::end_of_stream || error == beast::http::error::partial_message) return std::nullopt;
  if (error.category() == make_error_code(beast::http::error::bad_method).category()) {
    return AdminReply(400, "the request is malformed\n");
  }
  return std::nullopt;
}

void log_ending(std::exception_ptr failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    spdlog::error("admin: {}", error.what());
  }
}

}  // namespace

Task<void> AdminListener::State::accept(std::shared_ptr<State> state) {
  SteadyTimer pause(state->acceptor.get_executor());
  while (state->acceptor.is_open()) {
    error_code failed;
    try {
      auto [error, socket] = co_await state->acceptor.async_accept(as_result);
      failed = error;
      if (!error && state->connections < connection_limit) {
        spawn(state->acceptor.get_executor(), serve(state, Stream(std::move(socket))), log_ending);
      }
    } catch (const std::bad_alloc&) {
      failed = asio::error::no_memory;
    }
    if (failed == asio::error::operation_aborted) co_return;
    if (!failed) continue;
    try {
      pause.expires_after(accept_pause);
      co_await pause.async_wait(as_result);
    } catch (const std::bad_alloc&) {  // then without a pause
    }
  }
}

// One request for each connection: nobody is in a hurry here.
Task<void> AdminListener::State::serve(std::shared_ptr<State> state, Stream stream) {
  struct Count {
    explicit Count(std::size_t& counted) : count(counted) { ++count; }
    ~Count() { --count; }
    std::size_t& count;
  } const count(state->connections);
  co_await read_and_answer(state, stream);
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

Task<void> AdminListener::State::read_and_answer(std::shared_ptr<State> state, Stream& stream) {
  beast::flat_buffer buffer(buffer_limit);
  beast::http::request_parser<beast::http::string_body> parser;
  parser.header_limit(header_limit);
  parser.body_limit(body_limit);
  stream.expires_after(read_timeout);
  const auto [read_error, read_bytes] = co_await beast::http::async_read(stream, buffer, parser, as_result);
  stream.expires_never();

  AdminRequest request;
  std::optional<AdminReply> reply;
  if (read_error) {
    reply = reply_to(read_error);
  } else {
    request = to_admin_request(parser.get());
    reply = refuse_foreign(request, state->on_loopback);
    if (!reply && state->actions != nullptr) reply = co_await answer_admin(request, *state->actions);
  }
  if (!reply) co_return;

  Response response = to_response(*reply, request.method == "HEAD");
  stream.expires_after(write_timeout);
  co_await beast::http::async_write(stream, response, as_result);
  if (reply->then_drain && state->actions != nullptr) state->actions->drain();
}

AdminListener::AdminListener() = default;

tl::expected<std::unique_ptr<AdminListener>, std::string> AdminListener::bind(asio::io_context& control,
                                                                              const std::string& address,
                                                                              AdminActions& actions) {
  const auto wanted = conf::parse_listen_address(address);
  if (!wanted) return tl::unexpected("admin listener " + address + ": " + wanted.error());
  auto state = std::make_shared<State>(control, actions);
  const tcp::endpoint endpoint(asio::ip::make_address(wanted->ip), wanted->port);
  error_code error;
  state->acceptor.open(endpoint.protocol(), error);
  if (!error) state->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) state->acceptor.bind(endpoint, error);
  if (!error) state->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return tl::unexpected("admin listener " + address + ": cannot bind: " + error.message() +
                          "; `admin.address` or --admin gives it another address, or `off`");
  state->on_loopback = endpoint.address().is_loopback();
  state->address = to_text(state->acceptor.local_endpoint());

  std::unique_ptr<AdminListener> listener(new AdminListener);
  listener->state_ = std::move(state);
  return listener;
}

AdminListener::~AdminListener() {
  if (!state_) return;
  stop();
  state_->actions = nullptr;
}

void AdminListener::start() {
  spawn(state_->acceptor.get_executor(), State::accept(state_), log_ending);
}

void AdminListener::stop() {
  error_code ignored;
  state_->acceptor.close(ignored);
}

std::string AdminListener::address() const {
  return state_->address;
}

}  // namespace postern
