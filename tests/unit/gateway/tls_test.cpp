#include "gateway/tls.hpp"

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "tests/unit/keys/certificates.hpp"
#include "tests/unit/scarce_memory.hpp"

using namespace postern;

namespace {

std::shared_ptr<const ServerTls> make_server(const TemporaryFolder& folder) {
  const keys::Certificate own = keys::make_certificate("a", "DNS:a", nullptr);
  conf::ListenerTls config;
  conf::Certificate& certificate = config.certificates.emplace_back();
  certificate.certificate_file = keys::write_certificate(folder, "own.pem", own);
  certificate.key_file = keys::write_key(folder, "own.key", own);
  conf::Problems problems;
  return ServerTls::make(config, "tls", problems);
}

SslPtr make_client(const char* server_name) {
  static const keys::SslContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SslPtr client(SSL_new(context.get()));
  SSL_set_connect_state(client.get());
  SSL_set_tlsext_host_name(client.get(), server_name);
  return client;
}

// Both ends over memory, until neither gets on.
void shake_hands(SSL* client, SSL* server) {
  BIO *for_client = nullptr, *for_server = nullptr;
  BIO_new_bio_pair(&for_client, 0, &for_server, 0);
  SSL_set_bio(client, for_client, for_client);
  SSL_set_bio(server, for_server, for_server);
  for (int i = 0; i < 4; ++i) {
    SSL_do_handshake(client);
    SSL_do_handshake(server);
  }
}

Task<void> shake_hands(Transport& transport, SslPtr ssl) {
  co_await transport.handshake(std::move(ssl));
}

// What a reader finds, for the log.
Task<void> read_once(Transport& transport, std::string& explained) {
  char place[16];
  const Transport::Read read = co_await transport.read_some(place, sizeof place);
  explained = transport.explain(std::get<0>(read));
}

}  // namespace

TEST_CASE(
    "a reset is told as one of the TLS handshake only until that is done, without a certificate nobody asks for") {
  const TemporaryFolder folder{"postern-tls-"};
  const auto tls = make_server(folder);
  REQUIRE(tls);
  const std::string reset = boost::system::error_code(boost::asio::error::connection_reset).message();
  for (const bool established : {true, false}) {
    CAPTURE(established);
    boost::asio::io_context io;
    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor> acceptor(
        io.get_executor(), {boost::asio::ip::address_v4::loopback(), 0});
    TcpSocket socket(io.get_executor());
    socket.connect(acceptor.local_endpoint());
    Transport client(std::move(socket)), server(acceptor.accept());
    spawn(io.get_executor(), shake_hands(client, make_client("a")));
    if (established) spawn(io.get_executor(), shake_hands(server, tls->new_connection()));
    if (established)
      io.run();
    else
      io.poll();
    CHECK(client.explain(boost::asio::error::connection_reset) ==
          reset + (established ? "" : ", in the TLS handshake"));
    server.reset();
    std::string explained;
    if (established) spawn(io.get_executor(), read_once(client, explained));
    io.restart();
    io.run();
    if (established) CHECK(explained == reset);
  }
}

TEST_CASE("an encrypted key is told as one, and nobody is asked for its passphrase") {
  const TemporaryFolder folder{"postern-tls-"};
  const keys::Certificate own = keys::make_certificate("a", "DNS:a", nullptr);
  const std::string path = folder.path_of("own.key");
  const auto told_of = [&](auto write) {
    std::FILE* const file = std::fopen(path.c_str(), "w");
    REQUIRE(write(file) == 1);
    std::fclose(file);
    conf::ListenerTls config;
    conf::Certificate& certificate = config.certificates.emplace_back();
    certificate.certificate_file = keys::write_certificate(folder, "own.pem", own);
    certificate.key_file = {"own.key", path};
    conf::Problems problems;
    CHECK(ServerTls::make(config, "tls", problems) == nullptr);
    REQUIRE(problems.errors().size() == 1);
    return problems.errors()[0].message;
  };
  const std::string encrypted =
      "cannot use own.key: it is encrypted; `openssl pkey -in FILE` prints it without a passphrase";
  char word[] = "word";
  CHECK(told_of([&](std::FILE* file) {
          return PEM_write_PKCS8PrivateKey(file, own.key.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr, word);
        }) == encrypted);
  CHECK(told_of([&](std::FILE* file) {  // the older form
          const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_fp(file, BIO_NOCLOSE), BIO_free);
          return PEM_write_bio_PrivateKey_traditional(bio.get(), own.key.get(), EVP_aes_128_cbc(),
                                                      reinterpret_cast<unsigned char*>(word), 4, nullptr, nullptr);
        }) == encrypted);
}

TEST_CASE("a handshake for whose name there is no memory fails, and the next one does not") {
  const TemporaryFolder folder{"postern-tls-"};
  const auto tls = make_server(folder);
  REQUIRE(tls);
  const SslPtr client = make_client("a-name-that-is-too-long-for-no-memory.example.com");
  const SslPtr server = tls->new_connection();
  ScarceMemory::is_about_this_thread = true;
  ScarceMemory::granted = 0;
  const unsigned before = ScarceMemory::refused;
  CHECK_NOTHROW(shake_hands(client.get(), server.get()));
  ScarceMemory::granted = -1;
  ScarceMemory::is_about_this_thread = false;
  CHECK(ScarceMemory::refused == before + 1);
  CHECK_FALSE(SSL_is_init_finished(server.get()));

  const SslPtr again = make_client("a-name-that-is-too-long-for-no-memory.example.com");
  const SslPtr server_again = tls->new_connection();
  shake_hands(again.get(), server_again.get());
  CHECK(SSL_is_init_finished(server_again.get()));
}
