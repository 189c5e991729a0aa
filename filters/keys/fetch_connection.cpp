#include "filters/keys/fetch_connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "filters/keys/fetch_request.hpp"
#include "gateway/name_lookups.hpp"

namespace postern::keys {
namespace asio = boost::asio;
namespace {

using asio::ip::tcp;

// The look-ups of an io_context. They are let go before anything of it ends: its end waits for none.
class Lookups final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;
  explicit Lookups(asio::io_context& io) : service(io), lookups_(std::in_place, io.get_executor()) {}
  NameLookups& of_names() noexcept { return *lookups_; }

 private:
  void shutdown() override { lookups_.reset(); }
  std::optional<NameLookups> lookups_;
};

// A look-up that goes on by itself when nobody waits any more: the system's resolver cannot be interrupted.
struct LookUp {
  explicit LookUp(Executor executor) : end(executor) {}
  SteadyTimer end;  // expires with the phase; cancelled by the answer
  bool answered = false;
  Resolved outcome;
};

void begin_look_up(const std::shared_ptr<LookUp>& look_up, Executor executor, const std::string& host) {
  auto answer = [look_up](const Resolved& outcome) {
    look_up->answered = true;
    try {
      look_up->outcome = outcome;
    } catch (const std::bad_alloc&) {
      look_up->outcome = tl::unexpected(error_code(asio::error::no_memory));
    }
    look_up->end.cancel();
  };
  const error_code none = asio::use_service<Lookups>(executor.context()).of_names().begin(host, answer);
  if (none) answer(tl::unexpected(none));
}

// Without an IPv6 zone, which says nothing about the address itself.
std::string text_of(const tcp::endpoint& endpoint) {
  const asio::ip::address address = endpoint.address();
  if (address.is_v6()) return asio::ip::address_v6(address.to_v6().to_bytes()).to_string();
  return address.to_string();
}

void add_to_list(std::string& list, std::string_view element, std::string_view separator) {
  if (!list.empty()) list += separator;
  list += element;
}

}  // namespace

FetchConnection::FetchConnection(Executor executor, const FetchOptions& options, FetchDeadline& deadline,
                                 const Observe& observe)
    : executor_(executor), options_(options), deadline_(deadline), observe_(observe), transport_(TcpSocket(executor)) {}

Task<MaybeFailure> FetchConnection::open(const conf::Url& url, const std::optional<conf::Url>& proxy) {
  const bool must_be_loopback = !proxy && !url.tls && !options_.allow_http;
  const conf::Url& to = proxy ? *proxy : url;
  TcpAddresses addresses;
  MaybeFailure failed = co_await resolve(to, must_be_loopback, addresses);
  if (failed) co_return failed;
  deadline_.begin(Phase::connect);
  failed = co_await connect(addresses);
  if (failed || !url.tls) co_return failed;
  if (proxy) {
    deadline_.begin(Phase::proxy);
    failed = co_await open_tunnel(url);
    if (failed) co_return failed;
  }
  deadline_.begin(Phase::tls);
  failed = co_await begin_tls(url);
  co_return failed;
}

Task<MaybeFailure> FetchConnection::resolve(const conf::Url& to, bool must_be_loopback, TcpAddresses& addresses) {
  deadline_.begin(Phase::dns);
  error_code not_literal;
  const auto literal = asio::ip::make_address(to.host, not_literal);
  MaybeFailure failed;
  if (!not_literal) {
    addresses.emplace_back(literal, to.port);
  } else {
    failed = co_await look_up(to.host, to.port, addresses);
  }
  if (!failed) failed = judge(to, must_be_loopback, addresses);
  co_return failed;
}

Task<MaybeFailure> FetchConnection::look_up(const std::string& host, std::uint16_t port, TcpAddresses& addresses) {
  const auto look_up = std::make_shared<LookUp>(executor_);
  look_up->end.expires_at(deadline_.ends_at());
  begin_look_up(look_up, executor_, host);
  if (!look_up->answered) co_await look_up->end.async_wait(as_result);
  MaybeFailure failed;
  if (!look_up->answered) {
    failed = deadline_.too_late();
  } else if (!look_up->outcome) {
    failed = deadline_.failure(host + ": " + look_up->outcome.error().message());
  } else {
    for (const auto& address : *look_up->outcome) addresses.emplace_back(address, port);
  }
  co_return failed;
}

// Leaves only those that may be connected to.
MaybeFailure FetchConnection::judge(const conf::Url& to, bool must_be_loopback, TcpAddresses& addresses) const {
  std::string found;
  std::string refused;
  std::erase_if(addresses, [&](const tcp::endpoint& endpoint) {
    const std::string address = text_of(endpoint);
    add_to_list(found, address, ", ");
    const auto why = refuse_resolved(address, must_be_loopback, options_);
    if (why) add_to_list(refused, *why, "; ");
    return why.has_value();
  });
  if (addresses.empty()) return deadline_.failure(to.host + ": " + (refused.empty() ? "no address" : refused));
  if (addresses.size() > max_addresses) addresses.resize(max_addresses);
  observe(to.host + " is " + found);
  return std::nullopt;
}

Task<MaybeFailure> FetchConnection::connect(const TcpAddresses& addresses) {
  TcpSocket& socket = transport_.socket();
  deadline_.guard(&socket);
  std::string tried;
  bool timed_out = false;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    error_code ignored;
    socket.close(ignored);
    deadline_.allot(addresses.size() - i);
    const auto [error] = co_await socket.async_connect(addresses[i], as_result);
    const std::string place = text_of(addresses[i]) + " port " + std::to_string(addresses[i].port());
    const bool late = deadline_.passed();
    if (!error && !late) {
      socket.set_option(tcp::no_delay(true), ignored);
      observe(place);
      co_return std::nullopt;
    }
    if (deadline_.whole_passed()) co_return deadline_.too_late();
    timed_out |= late;
    add_to_list(tried, place + ": " + (late ? "no answer in time" : error.message()), "; ");
  }
  FetchFailure failed{deadline_.phase(), timed_out, 0, std::move(tried)};
  co_return failed;
}

Task<MaybeFailure> FetchConnection::open_tunnel(const conf::Url& url) {
  const std::string request = write_connect(url);
  MaybeFailure failed = co_await send(request);
  if (failed) co_return failed;
  std::array<char, 16 * 1024> place;
  conf::Limits limits;
  limits.response_head_bytes = conf::Bytes{8 * 1024};
  http::ResponseHead head;
  ResponseHeadReader reader(place.data(), place.size(), limits, http::Method::connect, head);
  failed = co_await receive(reader);
  if (failed) co_return failed;
  const std::string answer = "the proxy answers CONNECT with " + std::to_string(head.status);
  if (head.status / 100 != 2) {
    failed = deadline_.failure(answer, head.status);
  } else if (!reader.rest().empty()) {
    failed = deadline_.failure("the proxy sent bytes into the tunnel before anybody answered in it");
  } else {
    observe(answer);
  }
  co_return failed;
}

Task<MaybeFailure> FetchConnection::begin_tls(const conf::Url& url) {
  if (!options_.tls) co_return deadline_.failure("no TLS is set up");
  SslPtr ssl = options_.tls->new_connection(url.host, session_);
  const error_code error = co_await transport_.handshake(std::move(ssl));
  if (error || deadline_.passed()) co_return failure(error);
  observe(describe_tls(transport_));
  co_return std::nullopt;
}

Task<MaybeFailure> FetchConnection::send(std::string_view head) {
  const error_code error = co_await transport_.write(head);
  if (error || deadline_.passed()) co_return failure(error);
  co_return std::nullopt;
}

Task<MaybeFailure> FetchConnection::receive(ResponseHeadReader& reader) {
  while (!reader.complete()) {
    const auto [error, bytes] = co_await transport_.read_some(reader.room(), reader.room_size());
    if (error || deadline_.passed()) co_return failure(error);
    const auto refused = reader.received(bytes);
    if (refused) co_return deadline_.failure(refused->detail);
  }
  co_return std::nullopt;
}

FetchFailure FetchConnection::failure(const error_code& error) const {
  if (deadline_.passed()) return deadline_.too_late();
  if (error == asio::error::eof) return deadline_.failure("the connection was closed before the end");
  if (error == asio::error::connection_reset) {
    if (const auto reason = last_tls_reason(transport_)) {
      FetchFailure failed = deadline_.failure(reason->text);
      // In TLS 1.3 a server judges the client's certificate after the client's handshake has ended.
      if (reason->from_peer) failed.phase = Phase::tls;
      return failed;
    }
  }
  return deadline_.failure(error.message());
}

void FetchConnection::observe(const std::string& what) const {
  if (observe_) observe_(name_of(deadline_.phase()), what);
}

}  // namespace postern::keys
