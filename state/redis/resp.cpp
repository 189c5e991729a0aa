#include "state/redis/resp.hpp"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include <new>

namespace postern::state::redis {
namespace {

// hiredis builds replies by these. An element lives in its array's list, whose size is known from the beginning; the
// whole belongs to the reader until it is complete. Null is a failure to hiredis, which forgets the whole reply then;
// it is C, through which nothing may be thrown.
template <class Fill>
void* make(const redisReadTask* task, Fill fill) noexcept {
  try {
    if (task->parent != nullptr) {
      Reply& element = static_cast<Reply*>(task->parent->obj)->list[static_cast<std::size_t>(task->idx)];
      fill(element);
      return &element;
    }
    auto whole = std::make_unique<Reply>();
    fill(*whole);
    return whole.release();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* create_string(const redisReadTask* task, char* bytes, std::size_t size) {
  return make(task, [&](Reply& reply) {
    reply.type = task->type == REDIS_REPLY_ERROR ? Reply::Type::error : Reply::Type::text;
    reply.text.assign(bytes, size);
  });
}

void* create_array(const redisReadTask* task, int elements) {
  if (elements < 0 || static_cast<std::size_t>(elements) > ReplyReader::max_elements) return nullptr;
  return make(task, [&](Reply& reply) {
    reply.type = Reply::Type::list;
    reply.list.resize(static_cast<std::size_t>(elements));
  });
}

void* create_integer(const redisReadTask* task, long long value) {
  return make(task, [&](Reply& reply) {
    reply.type = Reply::Type::integer;
    reply.integer = value;
  });
}

void* create_nil(const redisReadTask* task) {
  return make(task, [](Reply&) {});
}

void free_object(void* root) {
  delete static_cast<Reply*>(root);
}

redisReplyObjectFunctions functions{create_string, create_array, create_integer, create_nil, free_object};

}  // namespace

std::string format_command(const Words& words) {
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    starts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* bytes = nullptr;
  const int size = redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), starts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  const std::unique_ptr<char, decltype(&redisFreeCommand)> formatted(bytes, &redisFreeCommand);
  return std::string(formatted.get(), static_cast<std::size_t>(size));
}

void ReplyReader::Free::operator()(redisReader* reader) const noexcept {
  redisReaderFree(reader);
}

ReplyReader::ReplyReader(std::size_t max_bytes)
    : reader_(redisReaderCreateWithFunctions(&functions)), max_bytes_(max_bytes) {
  if (!reader_) throw std::bad_alloc();
}

void ReplyReader::feed(std::string_view bytes) {
  fed_ += bytes.size();
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());  // a failure is what next() gives
}

tl::expected<std::optional<Reply>, std::string> ReplyReader::next() {
  void* root = nullptr;
  if (redisReaderGetReply(reader_.get(), &root) != REDIS_OK) {
    return tl::unexpected("what was received is no answer of Redis: " + std::string(reader_->errstr));
  }
  if (root == nullptr) {
    if (fed_ > max_bytes_) return tl::unexpected("an answer is longer than " + std::to_string(max_bytes_) + " bytes");
    return std::nullopt;
  }
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(root));
  fed_ = reader_->len - reader_->pos;
  return std::move(*reply);
}

}  // namespace postern::state::redis
