#include "filters/keys/post.hpp"


#include "filters/keys/fetch_answer.hpp"
#include "filters/keys/fetch_request.hpp"

namespace postern::keys {
namespace {

Task<MaybeFailure> exchange(FetchConnection& connection, const conf::Url& url, bool absolute, const Secret& body,
                            const FetchOptions& options, FetchDeadline& deadline, FetchAnswer& answer) {
  deadline.begin(Phase::request);
  if (auto why = refuse_headers(options.headers)) co_return deadline.failure(std::move(*why));
  const std::string head = write_post(url, absolute, body.reveal().size(), options.headers);
  MaybeFailure failed = co_await connection.send(head);
  if (!failed) failed = co_await connection.send(body.reveal());
  if (failed) co_return failed;
  static const Observe nobody;
  failed = co_await read_answer(connection, http::Method::post, options, deadline, nobody, answer);
  co_return failed;
}

}  // namespace

Task<tl::expected<Posted, FetchFailure>> post(const conf::Url& url, const Secret& body, const FetchOptions& options) {
  const Executor executor = co_await current_executor();
  FetchDeadline deadline(executor, options.timeout, 1);
  deadline.begin(Phase::dns);
  if (auto why = refuse_url(url, options)) co_return tl::unexpected(deadline.failure(std::move(*why)));
  const auto proxy = choose_proxy(url, options.proxy);
  if (!proxy) co_return tl::unexpected(deadline.failure(proxy.error()));
  const Observe nobody;
  FetchConnection connection(executor, options, deadline, nobody);
  MaybeFailure failed = co_await connection.open(url, *proxy);
  if (failed) co_return tl::unexpected(std::move(*failed));
  FetchAnswer answer;
  failed = co_await exchange(connection, url, proxy->has_value() && !url.tls, body, options, deadline, answer);
  if (failed) co_return tl::unexpected(std::move(*failed));
  co_return Posted{answer.fetched.status, std::move(answer.fetched.body)};
}

}  // namespace postern::keys
