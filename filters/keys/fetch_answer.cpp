#include "filters/keys/fetch_answer.hpp"

#include "filters/keys/fetch_gzip.hpp"
#include "gateway/body.hpp"

namespace postern::keys {
namespace {

constexpr std::size_t head_limit = 16 * 1024;
// More than a head, so that there is always room for a byte behind the limit.
constexpr std::size_t buffer_size = head_limit + 8 * 1024;

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

FetchAnswer read_fields(const http::ResponseHead& head) {
  FetchAnswer answer;
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

std::string too_long(std::size_t limit) {
  return "the document is longer than " + std::to_string(limit) + " bytes";
}

Task<MaybeFailure> read_body(BodyReader& body, std::size_t limit, FetchDeadline& deadline, std::string& content) {
  for (;;) {
    const BodyReader::Piece piece = co_await body.next();
    if (deadline.passed()) co_return deadline.too_late();
    if (piece.status == BodyReader::Status::malformed) co_return deadline.failure("its chunked coding is broken");
    if (piece.status == BodyReader::Status::failed) {
      co_return deadline.failure("the connection ended after " + std::to_string(body.bytes()) +
                                 " bytes, before the document did");
    }
    if (piece.data.size() > limit - content.size()) co_return deadline.failure(too_long(limit));
    content += piece.data;
    if (piece.status == BodyReader::Status::last) co_return std::nullopt;
  }
}

MaybeFailure decode(FetchAnswer& answer, std::size_t limit, const FetchDeadline& deadline) {
  const std::string& encoding = answer.content_encoding;
  if (encoding.empty() || http::equals_folded(encoding, "identity")) return std::nullopt;
  if (!http::equals_folded(encoding, "gzip") && !http::equals_folded(encoding, "x-gzip")) {
    return deadline.failure("the response has a Content-Encoding that was not asked for");
  }
  auto content = gunzip(answer.fetched.body, limit);
  if (!content) return deadline.failure(std::move(content.error()));
  answer.fetched.body = std::move(*content);
  return std::nullopt;
}

}  // namespace

Task<MaybeFailure> read_answer(FetchConnection& connection, http::Method method, const FetchOptions& options,
                               FetchDeadline& deadline, const Observe& observe, FetchAnswer& answer) {
  const auto tell = [&](const std::string& what) {
    if (observe) observe(name_of(deadline.phase()), what);
  };
  deadline.begin(Phase::response);
  BufferPool pool(BodyReader::headroom + buffer_size + BodyReader::tailroom, 0);
  Buffer buffer = pool.take();
  conf::Limits limits;
  limits.response_head_bytes = conf::Bytes{head_limit};
  http::ResponseHead head;
  ResponseHeadReader reader(buffer.data() + BodyReader::headroom, buffer_size, limits, method, head);
  MaybeFailure failed = co_await connection.receive(reader);
  if (failed) co_return failed;
  answer = read_fields(head);
  const std::string& type = answer.fetched.content_type;
  tell("status " + std::to_string(head.status) + ", " + (type.empty() ? "no Content-Type" : type));
  if (head.status != 200) co_return std::nullopt;
  deadline.begin(Phase::body);
  if (reader.framing().kind == http::BodyKind::fixed && reader.framing().length > options.body_limit) {
    co_return deadline.failure(too_long(options.body_limit));
  }
  BodyReader body(connection.transport(), reader.framing(), buffer, reader.rest());
  failed = co_await read_body(body, options.body_limit, deadline, answer.fetched.body);
  if (!failed) failed = decode(answer, options.body_limit, deadline);
  if (!failed) tell(std::to_string(answer.fetched.body.size()) + " bytes");
  co_return failed;
}

}  // namespace postern::keys
