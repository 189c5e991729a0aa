// An upstream's response, judged as the forwarder does: interim responses, head, framing; and the head that is written
// for the client. The same bytes end the same way in pieces of any size, and what is accepted has exactly one framing,
// there and on the way to the client.
#include <optional>
#include <vector>

#include "gateway/http/header_rules.hpp"
#include "gateway/response_head_reader.hpp"
#include "tests/fuzz/head_lines.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;
using namespace postern::http;

struct Outcome {
  std::vector<char> place;  // what `head` and `framing` view
  ResponseHead head;
  Framing framing;
  std::size_t consumed = 0;
  bool complete = false;
  std::optional<Refusal> refusal;
};

void read(std::string_view bytes, std::size_t piece, Method asked, const conf::Limits& limits, Outcome& outcome) {
  outcome.place.resize(bytes.size());
  ResponseHeadReader reader(outcome.place.data(), bytes.size(), limits, asked, outcome.head);
  while (!bytes.empty() && !outcome.refusal && !reader.complete()) {
    const std::string_view next = bytes.substr(0, piece);
    require(reader.room_size() >= next.size(), "there is room for what was not read yet");
    next.copy(reader.room(), next.size());
    outcome.refusal = reader.received(next.size());
    bytes.remove_prefix(next.size());
    outcome.consumed += next.size();
  }
  outcome.complete = reader.complete();
  if (!outcome.complete) return;
  outcome.framing = reader.framing();
  outcome.consumed -= reader.rest().size();
}

bool same_fields(const Fields& a, const Fields& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Field& x, const Field& y) { return x.name == y.name && x.value == y.value; });
}

bool same_framing(const Framing& a, const Framing& b) {
  return a.kind == b.kind && a.length == b.length && a.keep_alive == b.keep_alive && a.upgrade == b.upgrade;
}

void check_same(const Outcome& pieces, const Outcome& whole) {
  require(pieces.complete == whole.complete && pieces.refusal.has_value() == whole.refusal.has_value(),
          "in pieces the response comes to the same end");
  if (!whole.complete) return;
  require(pieces.consumed == whole.consumed, "in pieces the head ends at the same byte");
  require(pieces.head.status == whole.head.status && same_fields(pieces.head.fields, whole.head.fields) &&
              same_framing(pieces.framing, whole.framing),
          "in pieces it is the same head");
}

// The final head among the accepted bytes; before it stand interim ones.
HeadLines final_lines(std::string_view heads) {
  for (;;) {
    const std::size_t end = heads.find("\r\n\r\n") + 4;
    const HeadLines lines = take_apart(heads.substr(0, end));
    require(lines.framing_fields() <= 1, "an accepted head has at most one framing field, in any spelling");
    if (end == heads.size()) return lines;
    require(lines.first.substr(9, 1) == "1" && lines.first.substr(9, 3) != "101", "only interim responses are dropped");
    heads.remove_prefix(end);
  }
}

bool has_no_body(const ResponseHead& head, Method asked) {
  return asked == Method::head || head.status < 200 || head.status == 204 || head.status == 304;
}

void check_framing(const HeadLines& lines, const Outcome& taken, Method asked) {
  const Framing& framing = taken.framing;
  require(taken.head.status >= 200 || taken.head.status == 101, "an interim response is not for the client");
  if (has_no_body(taken.head, asked)) {
    require(framing.kind == BodyKind::none, "HEAD, 1xx, 204 and 304 have no body");
  } else if (lines.count("transfer-encoding") == 1) {
    require(framing.kind == BodyKind::chunked && lower_case(lines.value("transfer-encoding")) == "chunked" &&
                lines.first.starts_with("HTTP/1.1"),
            "a transfer coding is chunked, in HTTP/1.1");
  } else if (lines.count("content-length") == 1) {
    const std::string_view digits = lines.value("content-length");
    require(framing.kind == BodyKind::fixed && digits.find_first_not_of("0123456789") == digits.npos,
            "a length is a number");
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    require(std::to_string(framing.length) == digits.substr(zeros), "a length is that number");
  } else {
    require(framing.kind == BodyKind::until_close, "what has no length ends by close");
  }
  require(framing.kind != BodyKind::until_close || !framing.keep_alive, "what ends by close is not kept alive");
}

// As Forwarder::build_downstream_head() does.
std::string write(const Outcome& taken, Method asked, std::uint8_t client_minor) {
  const HeaderEdits edits;
  Framing framing = taken.framing;
  const bool streams = framing.kind == BodyKind::chunked || framing.kind == BodyKind::until_close;
  if (streams) framing.kind = client_minor >= 1 ? BodyKind::chunked : BodyKind::until_close;
  std::string written;
  write_downstream_head({.response = taken.head,
                         .framing = framing,
                         .client_minor = client_minor,
                         .keep_alive = framing.kind != BodyKind::until_close,
                         .to_head = asked == Method::head,
                         .edits = edits},
                        "Sun, 06 Nov 1994 08:49:37 GMT", written);
  return written;
}

void check_written(std::string_view written, const Outcome& taken, Method asked, std::uint8_t client_minor) {
  const HeadLines lines = take_apart(written);
  require(lines.framing_fields() <= 1, "the client sees at most one framing field");
  for (const std::string_view name : {"keep-alive", "proxy-connection", "proxy-authenticate", "te", "trailer"}) {
    require(!lines.spells(name), "what is of one hop stays behind");
  }
  require(lines.count("connection") <= 1, "the client sees one Connection");
  conf::Limits wide;
  wide.response_head_bytes.count = written.size();
  wide.response_head_fields = UINT32_MAX;
  Outcome seen;
  read(written, written.size(), asked, wide, seen);
  require(seen.complete && seen.head.status == taken.head.status, "what the client sees is acceptable");
  require(seen.consumed == written.size(), "the client sees one head");
  const bool streams = taken.framing.kind == BodyKind::chunked || taken.framing.kind == BodyKind::until_close;
  const BodyKind kind = !streams ? taken.framing.kind : client_minor >= 1 ? BodyKind::chunked : BodyKind::until_close;
  require(seen.framing.kind == kind && seen.framing.length == taken.framing.length, "the client sees the same body");
  require(kind != BodyKind::until_close || list_has(lines.value("connection"), "close"),
          "the client is told of the close");
}

Verdict judge_for(std::string_view input, Method asked) {
  const conf::Limits limits;
  Outcome whole, pieces, tight;
  read(input, std::max<std::size_t>(input.size(), 1), asked, limits, whole);
  for (const std::size_t piece : {std::size_t{1}, 2 + input.size() % 29}) {
    Outcome in_pieces;
    read(input, piece, asked, limits, in_pieces);
    check_same(in_pieces, whole);
  }
  conf::Limits tighter;
  tighter.response_head_bytes.count = 64;
  tighter.response_head_fields = 3;
  read(input, 1, asked, tighter, tight);
  if (tight.complete) check_same(tight, whole);
  if (whole.refusal) return refused(*whole.refusal);
  if (!whole.complete) return refused("unfinished");
  require(!tight.complete || tight.head.fields.size() <= 3, "no head has more fields than the limit");
  check_framing(final_lines(input.substr(0, whole.consumed)), whole, asked);
  for (const std::uint8_t minor : {std::uint8_t{0}, std::uint8_t{1}}) {
    check_written(write(whole, asked, minor), whole, asked, minor);
  }
  return accepted();
}

Verdict judge(std::string_view input) {
  const Verdict to_get = judge_for(input, Method::get), to_head = judge_for(input, Method::head);
  require(to_get.accepted == to_head.accepted, "the framing policy is the same for HEAD");
  return to_get;
}

}  // namespace

POSTERN_FUZZ_TARGET("response_head")
