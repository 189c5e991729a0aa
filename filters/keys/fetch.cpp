#include "filters/keys/fetch.hpp"

#include "filters/keys/fetch_answer.hpp"
#include "filters/keys/fetch_request.hpp"

namespace postern::keys {
namespace {

bool is_redirect(unsigned status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// One fetch through all of its redirects.
class Fetch {
 public:
  Fetch(Executor executor, const conf::Url& url, const std::string& etag,
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
  MaybeFailure judge_status() const;
  tl::expected<conf::Url, FetchFailure> follow(const conf::Url& url, unsigned redirects) const;
  void observe(const std::string& what) const {
    if (observe_) observe_(name_of(deadline_.phase()), what);
  }

  Executor executor_;
  const conf::Url& first_;
  const std::string& etag_;
  const FetchOptions& options_;
  const Observe& observe_;
  FetchDeadline deadline_;
  FetchAnswer answer_;
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
  failed = co_await read_answer(connection, http::Method::get, options_, deadline_, observe_, answer_);
  if (!failed) failed = judge_status();
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

MaybeFailure Fetch::judge_status() const {
  const unsigned status = answer_.fetched.status;
  if (status == 200 || is_redirect(status) || (status == 304 && !etag_.empty())) return std::nullopt;
  return deadline_.failure("the response has status " + std::to_string(status), status);
}

tl::expected<conf::Url, FetchFailure> Fetch::follow(const conf::Url& url, unsigned redirects) const {
  const auto refuse = [&](std::string detail) { return tl::unexpected(deadline_.failure(std::move(detail))); };
  if (redirects >= options_.redirect_limit) {
    return refuse("more than " + std::to_string(options_.redirect_limit) + " redirects");
  }
  if (answer_.location.empty()) return refuse("a redirect without Location");
  // A fragment may stand there (RFC 9110 section 10.2.2), and says nothing to a server.
  const std::string_view location(answer_.location);
  auto next = conf::resolve_url(url, location.substr(0, location.find('#')));
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
  const auto executor = co_await current_executor();
  Fetch fetch(executor, url, etag, options, observe);
  auto result = co_await fetch.run();
  co_return result;
}

}  // namespace postern::keys
