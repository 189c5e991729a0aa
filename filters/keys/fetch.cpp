#include "filters/keys/fetch.hpp"

#include <boost/asio/this_coro.hpp>

#include "filters/keys/fetch_connection.hpp"
#include "filters/keys/fetch_gzip.hpp"
#include "filters/keys/fetch_request.hpp"
#include "gateway/body.hpp"

namespace postern::keys {
namespace {

constexpr std::size_t head_limit = 16 * 1024;
// More than a head, so that there is always room for a byte behind the limit.
constexpr std::size_t buffer_size = head_limit + 8 * 1024;

// What a response says, as far as it matters here.
struct Answer {
  Fetched fetched;
  std::string location, content_encoding;
};

// All values of a field as one list (RFC 9110 section 5.3).
std::string values_of(const http::ResponseHead& head, std::string_view name) {
  std::string list;
  for (const http::Field& field : head.fields) {
    if (!http::equals_folded(field.name, name)) continue;
    if (!list.empty()) list += ", ";
    list += field.value;
  }
  return list;
}

std::string value_of(const http::ResponseHead& head, std::string_view name) {
  const http::Field* const field = head.fields.find(name);
  return field != nullptr ? std::string(field->value) : std::string();
}

Answer read_fields(const http::ResponseHead& head) {
  Answer answer;
  answer.fetched.status = head.status;
  answer.fetched.etag = value_of(head, "ETag");
  answer.fetched.cache_control = values_of(head, "Cache-Control");
  answer.fetched.expires = value_of(head, "Expires");
  answer.fetched.date = value_of(head, "Date");
  answer.fetched.age = value_of(head, "Age");
  answer.fetched.content_type = value_of(head, "Content-Type");
  answer.location = value_of(head, "Location");
  answer.content_encoding = values_of(head, "Content-Encoding");
  return answer;
}

bool is_redirect(unsigned status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string too_long(std::size_t limit) {
  return "the document is longer than " + std::to_string(limit) + " bytes";
}

// One fetch through all of its redirects.
class Fetch {
 public:
  Fetch(boost::asio::io_context::executor_type executor, const conf::Url& url, const std::string& etag,
        const FetchOptions& options, const Observe& observe)
      : executor_(executor),
        first_(url),
        etag_(etag),
        options_(options),
        observe_(observe),
        deadline_(executor, options.timeout) {}

  Task<tl::expected<Fetched, FetchFailure>> run();

 private:
  // Sets answer_, from one URL.
  Task<MaybeFailure> ask(const conf::Url& url);
  Task<MaybeFailure> send_request(FetchConnection& connection, const conf::Url& url, bool absolute);
  Task<MaybeFailure> read_response(FetchConnection& connection);
  Task<MaybeFailure> read_body(BodyReader& body);
  MaybeFailure judge_status() const;
  MaybeFailure decode();
  tl::expected<conf::Url, FetchFailure> follow(const conf::Url& url, unsigned redirects) const;
  void observe(const std::string& what) const {
    if (observe_) observe_(name_of(deadline_.phase()), what);
  }

  boost::asio::io_context::executor_type executor_;
  const conf::Url& first_;
  const std::string& etag_;
  const FetchOptions& options_;
  const Observe& observe_;
  FetchDeadline deadline_;
  Answer answer_;
};

Task<tl::expected<Fetched, FetchFailure>> Fetch::run() {
  conf::Url url = first_;
  deadline_.begin(Phase::dns);
  for (unsigned redirects = 0;; ++redirects) {
    if (auto why = refuse_url(url, options_)) co_return tl::unexpected(deadline_.failure(std::move(*why)));
    MaybeFailure failed = co_await ask(url);
    if (failed) co_return tl::unexpected(std::move(*failed));
    if (!is_redirect(answer_.fetched.status)) break;
    deadline_.begin(Phase::redirect);
    auto next = follow(url, redirects);
    if (!next) co_return tl::unexpected(std::move(next.error()));
    url = std::move(*next);
    observe("to " + url.to_text());
  }
  // A 304 may leave it out; the document still has it.
  if (answer_.fetched.status == 304 && answer_.fetched.etag.empty()) answer_.fetched.etag = etag_;
  answer_.fetched.url = url.to_text();
  co_return std::move(answer_.fetched);
}

Task<MaybeFailure> Fetch::ask(const conf::Url& url) {
  const auto proxy = choose_proxy(url, options_.proxy);
  if (!proxy) {
    deadline_.begin(Phase::proxy);
    co_return deadline_.failure(proxy.error());
  }
  FetchConnection connection(executor_, options_, deadline_, observe_);
  MaybeFailure failed = co_await connection.open(url, *proxy);
  if (failed) co_return failed;
  failed = co_await send_request(connection, url, proxy->has_value() && !url.tls);
  if (failed) co_return failed;
  failed = co_await read_response(connection);
  co_return failed;
}

Task<MaybeFailure> Fetch::send_request(FetchConnection& connection, const conf::Url& url, bool absolute) {
  deadline_.begin(Phase::request);
  static const HeaderList none;
  const HeaderList& headers = same_origin(url, first_) ? options_.headers : none;
  if (auto why = refuse_headers(headers)) co_return deadline_.failure(std::move(*why));
  const std::string head = write_get(url, absolute, etag_, headers);
  observe("GET " + url.to_text());
  MaybeFailure failed = co_await connection.send(head);
  co_return failed;
}

Task<MaybeFailure> Fetch::read_response(FetchConnection& connection) {
  deadline_.begin(Phase::response);
  BufferPool pool(BodyReader::headroom + buffer_size + BodyReader::tailroom, 0);
  Buffer buffer = pool.take();
  conf::Limits limits;
  limits.response_head_bytes = conf::Bytes{head_limit};
  http::ResponseHead head;
  ResponseHeadReader reader(buffer.data() + BodyReader::headroom, buffer_size, limits, http::Method::get, head);
  MaybeFailure failed = co_await connection.receive(reader);
  if (failed) co_return failed;
  answer_ = read_fields(head);
  observe("status " + std::to_string(head.status) + ", " +
          (answer_.fetched.content_type.empty() ? "no Content-Type" : answer_.fetched.content_type));
  if (is_redirect(head.status)) co_return std::nullopt;
  failed = judge_status();
  if (failed || head.status == 304) co_return failed;
  deadline_.begin(Phase::body);
  if (reader.framing().kind == http::BodyKind::fixed && reader.framing().length > options_.body_limit) {
    co_return deadline_.failure(too_long(options_.body_limit));
  }
  BodyReader body(connection.transport(), reader.framing(), buffer, reader.rest());
  failed = co_await read_body(body);
  co_return failed;
}

MaybeFailure Fetch::judge_status() const {
  const unsigned status = answer_.fetched.status;
  if (status == 200 || (status == 304 && !etag_.empty())) return std::nullopt;
  return deadline_.failure("the response has status " + std::to_string(status), status);
}

Task<MaybeFailure> Fetch::read_body(BodyReader& body) {
  std::string& content = answer_.fetched.body;
  for (;;) {
    const BodyReader::Piece piece = co_await body.next();
    if (deadline_.passed()) co_return deadline_.too_late();
    if (piece.status == BodyReader::Status::malformed) co_return deadline_.failure("its chunked coding is broken");
    if (piece.status == BodyReader::Status::failed) {
      co_return deadline_.failure("the connection ended after " + std::to_string(body.bytes()) +
                                  " bytes, before the document did");
    }
    if (piece.data.size() > options_.body_limit - content.size()) {
      co_return deadline_.failure(too_long(options_.body_limit));
    }
    content += piece.data;
    if (piece.status == BodyReader::Status::last) break;
  }
  MaybeFailure failed = decode();
  if (!failed) observe(std::to_string(content.size()) + " bytes");
  co_return failed;
}

MaybeFailure Fetch::decode() {
  const std::string& encoding = answer_.content_encoding;
  if (encoding.empty() || http::equals_folded(encoding, "identity")) return std::nullopt;
  if (!http::equals_folded(encoding, "gzip") && !http::equals_folded(encoding, "x-gzip")) {
    return deadline_.failure("the response has a Content-Encoding that was not asked for");
  }
  auto content = gunzip(answer_.fetched.body, options_.body_limit);
  if (!content) return deadline_.failure(std::move(content.error()));
  answer_.fetched.body = std::move(*content);
  return std::nullopt;
}

tl::expected<conf::Url, FetchFailure> Fetch::follow(const conf::Url& url, unsigned redirects) const {
  const auto refuse = [&](std::string detail) { return tl::unexpected(deadline_.failure(std::move(detail))); };
  if (redirects >= options_.redirect_limit) {
    return refuse("more than " + std::to_string(options_.redirect_limit) + " redirects");
  }
  if (answer_.location.empty()) return refuse("a redirect without Location");
  auto next = conf::resolve_url(url, answer_.location);
  if (!next) return refuse("the redirect's Location " + next.error());
  if (next->tls != url.tls) return refuse("a redirect from " + url.scheme() + " to " + next->scheme());
  return std::move(*next);
}

}  // namespace

std::string_view name_of(Phase phase) noexcept {
  switch (phase) {
    case Phase::dns:
      return "dns";
    case Phase::connect:
      return "connect";
    case Phase::proxy:
      return "proxy";
    case Phase::tls:
      return "tls";
    case Phase::request:
      return "request";
    case Phase::response:
      return "response";
    case Phase::redirect:
      return "redirect";
    case Phase::body:
      break;
  }
  return "body";
}

Task<tl::expected<Fetched, FetchFailure>> fetch(const conf::Url& url, const std::string& etag,
                                                const FetchOptions& options, const Observe& observe) {
  const auto executor = co_await boost::asio::this_coro::executor;
  Fetch fetch(executor, url, etag, options, observe);
  auto result = co_await fetch.run();
  co_return result;
}

}  // namespace postern::keys
