#include "gateway/whole_body.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "gateway/body.hpp"

namespace postern {
namespace {

using Body = tl::expected<Secret, Refusal>;

Body too_large(std::size_t limit) {
  return tl::unexpected(Refusal(Reason::body_too_large, "the body is longer than " + std::to_string(limit) + " bytes"));
}

Task<Body> read_pieces(BodyReader& reader, std::size_t limit) {
  std::string content;
  content.reserve(limit);  // never moved: a copy left behind would not be wiped
  for (;;) {
    const BodyReader::Piece piece = co_await reader.next();
    if (piece.status == BodyReader::Status::malformed) {
      co_return tl::unexpected(Refusal(Reason::request_malformed, "the chunked body is malformed"));
    }
    if (piece.status == BodyReader::Status::failed) {
      co_return tl::unexpected(Refusal(Reason::request_malformed, "the body ended early"));
    }
    if (piece.data.size() > limit - content.size()) co_return too_large(limit);
    content.append(piece.data);
    if (piece.status == BodyReader::Status::last) co_return Secret(std::move(content));
  }
}

}  // namespace

Task<Body> read_whole_body(BufferPool& buffers, Transport& client, Inbox& inbox, const http::Framing& framing,
                           std::size_t limit) {
  if (framing.kind == http::BodyKind::none) co_return Secret();
  const bool fixed = framing.kind == http::BodyKind::fixed;
  if (fixed && framing.length > limit) co_return too_large(limit);
  if (fixed && framing.length <= inbox.bytes().size()) {
    co_return inbox.take_secret(static_cast<std::size_t>(framing.length));
  }
  if (framing.expects_continue && inbox.empty()) {
    const auto gone = co_await client.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (gone) co_return tl::unexpected(Refusal(Reason::request_malformed, "the client left before its body"));
  }
  const Secret at_hand = inbox.take_secret(inbox.bytes().size());
  inbox.forget(at_hand.reveal().size());
  Buffer buffer = buffers.take();
  char* const first = buffer.data() + BodyReader::headroom;
  std::memcpy(first, at_hand.reveal().data(), at_hand.reveal().size());
  // What is read past a chunked body's end must fit back into the inbox.
  BodyReader reader(client, framing, buffer, {first, at_hand.reveal().size()}, inbox.push_back_limit());
  Body body = co_await read_pieces(reader, limit);
  if (body) inbox.push_back(reader.rest());
  OPENSSL_cleanse(buffer.data(), buffer.size());
  co_return body;
}

}  // namespace postern
