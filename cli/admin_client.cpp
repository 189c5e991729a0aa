#include "cli/admin_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <optional>
#include <ostream>

#include "cli/beast_http.hpp"
#include "cli/config.hpp"
#include "cli/keys.hpp"
#include "conf/address.hpp"
#include "gateway/listen_socket.hpp"
#include "gateway/server.hpp"

namespace postern::cli {
namespace {

using asio::ip::tcp;

constexpr std::chrono::seconds health_timeout{5};
constexpr std::chrono::seconds reload_timeout{60};  // it reads every file and key of the configuration
constexpr std::chrono::seconds store_timeout{10};   // longer than a store has

struct Answer {
  error_code error;
  unsigned status = 0;
  std::string body;
};

asio::awaitable<void> exchange(boost::beast::tcp_stream& stream, const tcp::endpoint& endpoint,
                               const beast_http::request<beast_http::string_body>& request, Answer& answer) {
  std::tie(answer.error) = co_await stream.async_connect(endpoint, as_result);
  if (answer.error) co_return;
  std::size_t bytes = 0;
  std::tie(answer.error, bytes) = co_await beast_http::async_write(stream, request, as_result);
  if (answer.error) co_return;
  boost::beast::flat_buffer buffer;
  beast_http::response<beast_http::string_body> response;
  std::tie(answer.error, bytes) = co_await beast_http::async_read(stream, buffer, response, as_result);
  answer.status = response.result_int();
  answer.body = std::move(response.body());
}

// Where a client reaches a listener that is bound to every address.
asio::ip::address reachable(const asio::ip::address& bound) {
  if (!bound.is_unspecified()) return bound;
  if (bound.is_v6()) return asio::ip::address_v6::loopback();
  return asio::ip::address_v4::loopback();
}

// The address may be asked of a file that is wrong elsewhere: the gateway that runs may still be well. Nothing, with
// the problems on `err`, when the file does not say it: at the default address may be another gateway.
std::optional<std::string> admin_address(const AdminClientOptions& options, const conf::Environment& environment,
                                         std::ostream& err) {
  if (!options.admin.empty()) return options.admin;
  if (options.config_file.empty()) return conf::Admin{}.address;
  const conf::Loaded loaded = conf::load_file(options.config_file, environment);
  if (loaded.problems.is_settled(conf::whole_configuration) || loaded.problems.is_settled("admin")) {
    report(loaded.problems, err);
    return std::nullopt;
  }
  return loaded.config.admin.address;
}

tl::expected<Answer, std::string> ask(beast_http::verb method, const char* target, const std::string& address,
                                      std::chrono::seconds timeout, const std::string& json = {}) {
  if (address == "off") return tl::unexpected(std::string("the configuration turns the admin listener off"));
  const auto parsed = conf::parse_listen_address(address);
  if (!parsed) return tl::unexpected(address + ": " + parsed.error());
  const tcp::endpoint endpoint(reachable(asio::ip::make_address(parsed->ip)), parsed->port);

  beast_http::request<beast_http::string_body> request(method, target, 11);
  if (!json.empty()) request.set(beast_http::field::content_type, "application/json");
  request.body() = json;
  request.set(beast_http::field::host, to_text(endpoint));
  request.prepare_payload();

  asio::io_context io(1);
  boost::beast::tcp_stream stream(io);
  Answer answer;
  stream.expires_after(timeout);
  asio::co_spawn(io, exchange(stream, endpoint, request, answer), asio::detached);
  io.run();
  if (answer.error)
    return tl::unexpected("no answer from the admin listener " + address + ": " + answer.error.message());
  return answer;
}

// Prints the answer where it belongs and gives the exit code.
int tell(const tl::expected<Answer, std::string>& answer, std::ostream& out, std::ostream& err) {
  if (!answer) {
    err << answer.error() << '\n';
    return exit_refused;
  }
  const bool well = answer->status == 200;
  (well ? out : err) << answer->body;
  return well ? exit_ok : exit_refused;
}

int tell_keys(const tl::expected<Answer, std::string>& answer, bool json, std::ostream& out, std::ostream& err) {
  if (answer && answer->status == 404) {
    err << "the gateway has no token service\n";
    return exit_refused;
  }
  if (json || !answer || answer->status != 200) return tell(answer, out, err);
  const auto table = keys_table(answer->body);
  if (!table) {
    err << table.error() << '\n';
    return exit_refused;
  }
  out << *table;
  return exit_ok;
}

}  // namespace

int run_healthcheck(const AdminClientOptions& options, const conf::Environment& environment, std::ostream& out,
                    std::ostream& err) {
  const auto address = admin_address(options, environment, err);
  if (!address) return exit_bad_config;
  return tell(ask(beast_http::verb::get, "/readyz", *address, health_timeout), out, err);
}

int run_reload(const AdminClientOptions& options, const conf::Environment& environment, std::ostream& out,
               std::ostream& err) {
  const auto address = admin_address(options, environment, err);
  if (!address) return exit_bad_config;
  return tell(ask(beast_http::verb::post, "/reload", *address, reload_timeout), out, err);
}

int run_tokens_revoke(const RevokeOptions& options, const conf::Environment& environment, std::ostream& out,
                      std::ostream& err) {
  const auto address = admin_address(options.admin, environment, err);
  if (!address) return exit_bad_config;
  const auto answer = ask(beast_http::verb::post, "/revocations", *address, store_timeout, options.revocation);
  if (answer && answer->status == 404) {
    err << "the gateway has neither `revocations` nor a token service\n";
    return exit_refused;
  }
  return tell(answer, out, err);
}

int run_keys_list(const KeysOptions& options, const conf::Environment& environment, std::ostream& out,
                  std::ostream& err) {
  const auto address = admin_address(options.admin, environment, err);
  if (!address) return exit_bad_config;
  return tell_keys(ask(beast_http::verb::get, "/keys", *address, store_timeout), options.json, out, err);
}

int run_keys_rotate(const KeysOptions& options, const conf::Environment& environment, std::ostream& out,
                    std::ostream& err) {
  const auto address = admin_address(options.admin, environment, err);
  if (!address) return exit_bad_config;
  return tell_keys(ask(beast_http::verb::post, "/keys/rotate", *address, store_timeout), options.json, out, err);
}

}  // namespace postern::cli
