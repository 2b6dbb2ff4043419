/** `length` bytes that look random and are the same for the same `seed`; none of them is zero. */
export function patternBytes(seed: number, length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    // Zeroes are what must be told apart from data.
    words[index] = state | 0x01010101;
  }
  return Buffer.from(words.buffer, 0, length);
}
