#include "gateway/inbox.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace postern;

TEST_CASE("bytes that were read past a body are the next thing in the inbox") {
  BufferPool pool(64, 1);
  Inbox inbox;
  inbox.set_buffer(pool.take());
  std::memcpy(inbox.room(), "headbody", 8);
  inbox.received(8);
  inbox.consume(4);
  CHECK(inbox.bytes() == "body");
  inbox.consume(4);
  CHECK(inbox.push_back_limit() == 56);
  inbox.forget(4);  // the body's bytes were copied: their room is free again, the head's is not
  CHECK(inbox.push_back_limit() == 60);
  inbox.push_back("GET /");
  CHECK(inbox.bytes() == "GET /");
  inbox.compact();
  CHECK(inbox.bytes() == "GET /");
  CHECK(inbox.room_size() == 59);
}

TEST_CASE("what has come is there in a larger buffer, too") {
  BufferPool pool(8, 1);
  Inbox inbox;
  inbox.set_buffer(pool.take());
  std::memcpy(inbox.room(), "GET /aGE", 8);
  inbox.received(8);
  inbox.consume(6);
  pool.grow(64);
  inbox.set_buffer(pool.take());
  CHECK(inbox.bytes() == "GE");
  CHECK(inbox.room_size() == 62);
}

TEST_CASE("a buffer goes back to its pool and is lent again; one of an outgrown size is not") {
  BufferPool pool(64, 1);
  const char* first = nullptr;
  {
    Buffer buffer = pool.take();
    first = buffer.data();
  }
  Buffer again = pool.take();
  CHECK(again.data() == first);
  pool.grow(128);
  again.give_back();
  CHECK(pool.take().size() == 128);
}

TEST_CASE("a secret that is taken out leaves no copy of itself behind") {
  BufferPool pool(64, 1);
  Inbox inbox;
  inbox.set_buffer(pool.take());
  std::memcpy(inbox.room(), "password GET", 12);
  const char* const place = inbox.room();
  inbox.received(12);
  CHECK(inbox.take_secret(8).reveal() == "password");
  CHECK(std::string(place, 8) == std::string(8, '\0'));
  CHECK(inbox.bytes() == " GET");
}
