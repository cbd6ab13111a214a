// φ, φ′ and sup φ′. The twin of bptt/activations.py.

/** @typedef {{value: (a: number) => number, slope: (a: number) => number, supremum: number}} Activation */

/** @type {Record<string, Activation>} */
export const ACTIVATIONS = {
  identity: { value: (a) => a, slope: () => 1, supremum: 1 },
  tanh: {
    value: Math.tanh,
    slope: (a) => {
      const decay = Math.exp(-2 * Math.abs(a)); // 1 − tanh² would lose its digits where φ saturates
      return (4 * decay) / (1 + decay) ** 2;
    },
    supremum: 1,
  },
  sigmoid: {
    value: (a) => {
      const decay = Math.exp(-Math.abs(a));
      return (a >= 0 ? 1 : decay) / (1 + decay);
    },
    slope: (a) => {
      const decay = Math.exp(-Math.abs(a));
      return decay / (1 + decay) ** 2;
    },
    supremum: 0.25,
  },
  relu: { value: (a) => Math.max(a, 0), slope: (a) => (a > 0 ? 1 : 0), supremum: 1 },
  leaky_relu: {
    value: (a) => (a > 0 ? a : 0.01 * a),
    slope: (a) => (a > 0 ? 1 : 0.01),
    supremum: 1,
  },
};
