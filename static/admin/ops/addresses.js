// Whether an address is in a network, to warn superusers before they lock themselves out. The server decides for real.

/** An address as its bits: `[value, how many]`; `null` for what is none. */
function bits(text) {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split('.').map(Number);
    return parts.every((part) => part < 256) ? [parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n), 32] : null;
  }
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  if (mapped) return bits(mapped[1]);
  const halves = text.split('::');
  if (!text.includes(':') || halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half ? half.split(':') : []));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail ? missing < 1 : missing !== 0) return null;
  const parts = [...head, ...Array(tail ? missing : 0).fill('0'), ...(tail ?? [])];
  if (!parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return null;
  return [parts.reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n), 128];
}

/** Whether `network`, such as `10.0.0.0/8` or one address, has this address in it. */
export function contains(network, address) {
  const [base, length] = network.split('/');
  const [from, of] = [bits(base.trim()), bits(address)];
  if (!from || !of || from[1] !== of[1]) return false;
  const free = BigInt(from[1] - Number(length ?? from[1]));
  return free >= 0n && from[0] >> free === of[0] >> free;
}
