// Small files of known types and sizes that cases upload, and how large the picture in an answer is.

import { deflateSync } from 'node:zlib';

/** A PNG of one colour. */
export function png(width, height, grey = 128) {
  const rows = Buffer.alloc((width + 1) * height, grey);
  for (let y = 0; y < height; y += 1) rows[y * (width + 1)] = 0;
  return pngOf(width, height, deflateSync(rows));
}

/** A PNG whose header says one size, with whatever is to be the compressed rows. */
export function pngOf(width, height, rows) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits of grey.
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(name, data) {
  const named = Buffer.concat([Buffer.from(name), data]);
  const framed = Buffer.alloc(8 + named.length);
  framed.writeUInt32BE(data.length, 0);
  framed.set(named, 4);
  framed.writeUInt32BE(crc32(named), 4 + named.length);
  return framed;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** The format and size of a picture as its header says, such as `png 70x50`; `no picture` for anything else. */
export function describePicture(bytes) {
  if (bytes.length > 24 && bytes.toString('latin1', 1, 4) === 'PNG') {
    return `png ${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`;
  }
  if (/^GIF8[79]a/.test(bytes.toString('latin1', 0, 6))) return `gif ${bytes.readUInt16LE(6)}x${bytes.readUInt16LE(8)}`;
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return describeWebp(bytes);
  return bytes.length > 4 && bytes.readUInt16BE(0) === 0xffd8 ? describeJpeg(bytes) : 'no picture';
}

function describeJpeg(bytes) {
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    const isFrame = bytes[at + 1] >= 0xc0 && bytes[at + 1] <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(bytes[at + 1]);
    if (isFrame) return `jpeg ${bytes.readUInt16BE(at + 7)}x${bytes.readUInt16BE(at + 5)}`;
  }
  return 'jpeg without a frame';
}

function describeWebp(bytes) {
  const kind = bytes.toString('latin1', 12, 16);
  if (kind === 'VP8 ') return `webp ${bytes.readUInt16LE(26) & 0x3fff}x${bytes.readUInt16LE(28) & 0x3fff}`;
  if (kind === 'VP8L') {
    const bits = bytes.readUInt32LE(21);
    return `webp ${(bits & 0x3fff) + 1}x${((bits >>> 14) & 0x3fff) + 1}`;
  }
  return `webp ${bytes.readUIntLE(24, 3) + 1}x${bytes.readUIntLE(27, 3) + 1}`;
}

/** As stored 120 wide and 80 high, to be shown turned by a quarter (EXIF orientation 6). */
export const JPEG_TURNED = Buffer.from([
  '/9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKF',
  'E6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSk',
  'pKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCABQAHgDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8',
  'QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdI',
  'SUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+',
  'Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJB',
  'UQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhY',
  'aHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDA',
  'C0oWnhacFrvuZqQwLShaeFpwWlc1UhgWlC08LTgtTc1UhgWkZelShaGXpWNZ+4zaMiILShaeFpwWvPubqQwLShaeFpwWlc1UhgWlC08LTgtTc1',
  'UhgWipAtFK5opFMLShaeFpwWvZufKKQwLShaeFpwWpuaqQwLShaeFpwWpuaqQwLSMvSpQtDL0rGs/cZtGRCFpwWnhaULXBc3UhgWnBaeFpQtTc',
  '1UhoWlC08LSham5opDQtFSBaKVzVSKYWlC08LTgtezc+UUhgWlC08LTgtTc1UhgWlC08LTgtTc1UhgWkZelShaRl6VjWfuM2jIiC04LTwtKFrg',
  'ubqQwLTgtPC0oWpuaqQwLTgtPC0oWlc0UhgWipQtFTc1UimFpQtPC0oWvZufKKQ0LShaeFpQtTc1UhoWlC08LShaVzVSGhaRl6VKFpGXpWFZ+4',
  'zWMiILTgtPC0oWuC50KQwLTgtPC0oWpuaKQwLTgtPC0oWlc1UhgWipQtFTc0UikFpwWnhaULXs3PlVIYFpwWnhaULU3NVIYFpwWnhaULSuaqQw',
  'LQy9KlC0jL0rGs/cZrGREFpwWnhaULXn3N1IYFpwWnhaULSuaqQwLTgtPC0oWpuaqQwLRUoWilc0Uj/9k=',
].join(''), 'base64');

/** 120 by 80, two frames. */
export const GIF_ANIMATED = Buffer.from([
  'R0lGODlheABQAIAAAAAAAAAAACH5BAAUAAAALAAAAAB4AFAAQAifAAEIHEiwoMGDCBMqXMiwocOHECNKnEixosWLGDNq3Mixo8ePIEOKHEmypM',
  'mTKFOqXMmypcuXMGPKnEmzps2bOHPq3Mmzp8+fQIMKHUq0qNGjSJMqXcq0qdOnUKNKnUq1qtWrWLNq3cq1q9evYMOKHUu2rNmzaNOqXcu2rdu3',
  'cOPKnUu3rt27ePPq3cu3r9+/gAMLHky4sOHDiBMrThgQADs=',
].join(''), 'base64');

/** 120 by 80. */
export const WEBP = Buffer.from([
  'UklGRuAAAABXRUJQVlA4INQAAABQCACdASp4AFAAPzmYwVw0vaamKBGoA7AnCUDPOZvQj6wD/5ZIA6HE/lt+n1f97////+s3f7x/////1gH/b/',
  '////+gL/2P/////hAA/uzVInwfmBzW6RRLaQtfmsJ7pOFjWJCBpeyWMz+9NVOh7uKRMY9kcuvnB8/+A1hmwXqnt/6TkGRRzmRmans9f1pqzWBB',
  'VcZbDUV1fLHBMsqZ+IDGMxsZp9YIrCXVZoFMWro0n8hqaVh93hGvoZjAKKHFxKGP55MycUaCj3eTgBtJKtwTcFgAAA==',
].join(''), 'base64');

/** 16 by 8. */
export const BMP = Buffer.from([
  'Qk1eAAAAAAAAAD4AAAAoAAAAEAAAAAgAAAABAAEAAAAAACAAAADEDgAAxA4AAAIAAAACAAAAAAAAAP///wAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAAAAAA==',
].join(''), 'base64');
