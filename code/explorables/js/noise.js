// The input sequence of the figures. The twin of noise.py: every product fits into a double.

const MODULUS = 2 ** 31 - 1;
const MULTIPLIER = 48271;
const DISCARDED = 8;

/**
 * A sequence of `steps` vectors of `size` numbers, uniform with mean 0 and variance 1.
 * @param {number} seed
 * @param {number} steps
 * @param {number} size
 * @returns {number[][]}
 */
export function noise(seed, steps, size) {
  let state = seed;
  const next = () => {
    state = (MULTIPLIER * state) % MODULUS;
    return Math.sqrt(3) * (2 * (state / MODULUS) - 1);
  };
  for (let k = 0; k < DISCARDED; k++) next();
  return Array.from({ length: steps }, () => Array.from({ length: size }, next));
}
