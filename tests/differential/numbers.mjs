// Whole numbers of any size and their big-endian bytes.

export const toNumber = (bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);

// Big-endian; as short as possible, or of that width.
export function toBytes(number, width) {
  const hex = number.toString(16);
  const size = width ?? Math.ceil(hex.length / 2);
  return Buffer.from(hex.padStart(size * 2, '0'), 'hex');
}

export const modulo = (number, modulus) => ((number % modulus) + modulus) % modulus;

// The inverse in a field or ring (extended Euclid).
export function inverse(number, modulus) {
  let [a, b, x, y] = [modulo(number, modulus), modulus, 1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return modulo(x, modulus);
}
