#include "filters/jose/edwards_point.hpp"

#include <openssl/bn.h>

#include <array>
#include <new>

#include "filters/jose/detail.hpp"
#include "filters/jose/openssl_ptr.hpp"

namespace postern::jose {
namespace {

// a*x^2 + y^2 = 1 + d*x^2*y^2 over the field of p, so that x^2 = (y^2 - 1) / (d*y^2 - a).
struct Curve {
  std::string_view name;
  const char* p;
  const char* d;
  const char* a;
  const char* y_of_order_8;  // of which edwards448 has none: zero, of order 4
};

constexpr std::array curves = {Curve{"Ed25519", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED",
                                     "52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3", "-1",
                                     "05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826"},
                               Curve{"Ed448",
                                     "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE"
                                     "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
                                     "-98A9", "1", "0"}};

const Curve& curve_of(std::string_view name) {
  return name == curves[0].name ? curves[0] : curves[1];
}

BignumPtr number(const char* hex) {
  BIGNUM* made = nullptr;
  if (BN_hex2bn(&made, hex) == 0) throw std::bad_alloc();
  return BignumPtr(made);
}

// OpenSSL's functions fail here for want of memory alone.
void must(int done) {
  if (done != 1) throw std::bad_alloc();
}

struct Field {
  explicit Field(const char* hex) : p(number(hex)), scratch(BN_CTX_new()) { must(scratch != nullptr); }
  void multiply(BignumPtr& by, const BignumPtr& with) const {
    must(BN_mod_mul(by.get(), by.get(), with.get(), p.get(), scratch.get()));
  }
  void subtract(BignumPtr& from, const BignumPtr& what) const {
    must(BN_sub(from.get(), from.get(), what.get()));
    must(BN_nnmod(from.get(), from.get(), p.get(), scratch.get()));
  }

  BignumPtr p;
  BignumContextPtr scratch;
};

// The y that is encoded, little-endian, without the sign of x in the last bit.
BignumPtr read_y(std::string_view encoded) {
  std::string bytes(encoded);
  bytes.back() = static_cast<char>(bytes.back() & 0x7F);
  BignumPtr y(BN_lebin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
  must(y != nullptr);
  return y;
}

// Whether there is an x: whether u/v is a square, which it is where u*v is.
bool has_point(const Curve& curve, const Field& field, const BignumPtr& y) {
  const BignumPtr one = number("1");
  BignumPtr u(BN_dup(y.get()));
  must(u != nullptr);
  field.multiply(u, y);
  BignumPtr v(BN_dup(u.get()));
  must(v != nullptr);
  field.subtract(u, one);
  field.multiply(v, number(curve.d));
  field.subtract(v, number(curve.a));
  field.multiply(u, v);
  const int symbol = BN_kronecker(u.get(), field.p.get(), field.scratch.get());
  must(symbol >= -1 ? 1 : 0);
  return symbol != -1;
}

// Orders 1 and 2 have y = 1 and y = -1, order 4 has y = 0, order 8 one value and its negative.
bool is_of_small_order(const Curve& curve, const Field& field, const BignumPtr& y) {
  BignumPtr negative = number("0");
  field.subtract(negative, y);
  const BignumPtr order_8 = number(curve.y_of_order_8);
  for (const BIGNUM* const one : {y.get(), negative.get()}) {
    if (BN_is_zero(one) || BN_is_one(one) || BN_cmp(one, order_8.get()) == 0) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> judge_edwards_point(std::string_view curve_name, std::string_view encoded) {
  const Curve& curve = curve_of(curve_name);
  const Field field(curve.p);
  const BignumPtr y = read_y(encoded);
  if (BN_cmp(y.get(), field.p.get()) >= 0 || !has_point(curve, field, y)) {
    return "the point is not on " + std::string(curve_name);
  }
  if (is_of_small_order(curve, field, y)) {
    return std::string(curve_name) + " key is of small order, which verifies anything";
  }
  return std::nullopt;
}

}  // namespace postern::jose
