// A page of the admin listener: what it is asked and what it answers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "gateway/task.hpp"

namespace postern {

struct AdminRequest {
  std::string method;
  std::string path;
  std::string query;  // without `?`
  std::optional<std::string> host;
  std::optional<std::string> origin;
  std::string content_type;
  std::string body;  // 4 KiB at most
};

struct AdminReply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string allow;        // of a 405
  bool then_drain = false;  // once the reply is written

  AdminReply(unsigned code, std::string text) : status(code), body(std::move(text)) {}
};

// A page that a filter answers. What changes something needs another method than GET and HEAD: only then is the
// request's Origin looked at.
struct AdminPage {
  std::string path;
  std::string allow;  // its methods, as `Allow` has them: `GET, HEAD, POST`
  // On the control thread. The page and the request live until the answer is there.
  std::function<Task<AdminReply>(const AdminRequest& request)> answer;
};

}  // namespace postern
