// One fetch in flight for each URL, whoever found the way to it: providers that come to the same keys by different ways
// (discovery, a URL of their own, other headers) take turns. Of the fetching thread alone.
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "gateway/completion.hpp"

namespace postern::keys {

class UrlTurns {
 public:
  // Held while a URL is fetched; the next one may begin when it goes.
  class Turn {
   public:
    Turn(UrlTurns& turns, std::string url) : turns_(&turns), url_(std::move(url)) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)), url_(std::move(other.url_)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->end(url_);
    }

   private:
    UrlTurns* turns_;
    std::string url_;
  };

  // Waits until nobody fetches `url`. Every fetch has its deadlines, so this ends.
  Task<Turn> take(std::string url) {
    const auto executor = co_await current_executor();
    for (auto other = in_flight_.find(url); other != in_flight_.end(); other = in_flight_.find(url)) {
      const std::shared_ptr<Completion> its_end = other->second;
      co_await its_end->wait();
    }
    in_flight_.emplace(url, std::make_shared<Completion>(executor));
    co_return Turn(*this, std::move(url));
  }

 private:
  void end(const std::string& url) {
    const auto turn = in_flight_.find(url);
    const std::shared_ptr<Completion> ended = turn->second;
    in_flight_.erase(turn);
    ended->set();
  }

  std::map<std::string, std::shared_ptr<Completion>> in_flight_;
};

}  // namespace postern::keys
