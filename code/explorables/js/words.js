// How the figures write numbers: as a reader would say them. The twin of words.py.

const SUPERSCRIPT = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** @param {number} exponent */
export function superscript(exponent) {
  return [...String(exponent)].map((digit) => SUPERSCRIPT[digit]).join("");
}

/**
 * A positive number with two significant digits.
 * @param {number} value
 */
export function tell(value) {
  // The nudge rounds a tie up, and so its neighbours by rounding error, in every language.
  const [mantissa, exponent] = (value * (1 + 1e-12)).toExponential(1).split("e");
  if (Math.abs(Number(exponent)) < 4) return String(Number(`${mantissa}e${exponent}`));
  return `${Number(mantissa)}×10${superscript(Number(exponent))}`;
}
