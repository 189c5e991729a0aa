// Request bytes for RawClient.

// `GET /orders` with Host, the given fields ([name, value] pairs, an object, or whole lines) and a body with its length.
export function request(method, target, fields = [], body) {
  const entries = Array.isArray(fields) ? fields : Object.entries(fields);
  const lines = entries.map((field) => (Array.isArray(field) ? `${field[0]}: ${field[1]}` : field));
  const names = lines.map((line) => line.split(':')[0].toLowerCase());
  if (!names.includes('host')) lines.unshift('Host: shop.example.com');
  if (body !== undefined && !names.includes('transfer-encoding') && !names.includes('content-length')) {
    lines.push(`Content-Length: ${Buffer.byteLength(body, 'latin1')}`);
  }
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

export const bearer = (token) => ['Authorization', `Bearer ${token}`];

// A chunked body of the given parts.
export function chunks(parts, trailers = []) {
  const body = parts.map((part) => `${Buffer.byteLength(part, 'latin1').toString(16)}\r\n${part}\r\n`).join('');
  return `${body}0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`;
}
