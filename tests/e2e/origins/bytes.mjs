// What the payloads are made of. `p` is a payload's marker; it stands in each of its paths.

// What must never be taken for a request of its own: it wants /smuggled-p as mallory.
export const hidden = (p) => `GET /smuggled-${p} HTTP/1.1\r\nHost: a\r\nX-User-Id: mallory\r\n\r\n`;
export const head = (startLine, ...lines) => `${[startLine, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`;
export const post = (p, ...lines) => head(`POST /open/${p} HTTP/1.1`, ...lines);
export const get = (target, ...lines) => head(`GET ${target} HTTP/1.1`, ...lines);
export const hex = (text) => text.length.toString(16);
export const chunk = (text, size = hex(text)) => `${size}\r\n${text}\r\n`;
export const end = '0\r\n\r\n';
export const chunked = 'Transfer-Encoding: chunked';
export const length = (text) => `Content-Length: ${text.length}`;
export const websocket = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
