// The Hilbert curve: neighbours on the line of addresses are neighbours on the square.
// A quarter of a square has a place and an orientation; there are four of these, here by number.

const QUARTERS = [
  [[0, 0], [0, 1], [1, 1], [1, 0]],
  [[0, 0], [1, 0], [1, 1], [0, 1]],
  [[1, 1], [0, 1], [0, 0], [1, 0]],
  [[1, 1], [1, 0], [0, 0], [0, 1]],
];
const TURNS = [[1, 0, 0, 2], [0, 1, 1, 3], [3, 2, 2, 0], [2, 3, 3, 1]];
const AT = QUARTERS.map((quarters) => {
  const found = [0, 0, 0, 0];
  quarters.forEach(([x, y], i) => (found[2 * y + x] = i));
  return found;
});

/** Where a prefix is on the square of a root, as shares of its side: {x, y, w, h}. Odd lengths are two squares. */
function place(family, root, first, length) {
  const even = length - ((length - root.length) % 2);
  let x = 0, y = 0, side = 1, turn = 0;
  for (let at = root.length + 2; at <= even; at += 2) {
    const digit = family.digit(first, at);
    side /= 2;
    x += QUARTERS[turn][digit][0] * side;
    y += QUARTERS[turn][digit][1] * side;
    turn = TURNS[turn][digit];
  }
  if (even === length) return { x, y, w: side, h: side };
  const start = family.digit(first, even + 2) & 2;
  const [a, b] = [QUARTERS[turn][start], QUARTERS[turn][start + 1]];
  const half = side / 2;
  return {
    x: x + Math.min(a[0], b[0]) * half,
    y: y + Math.min(a[1], b[1]) * half,
    w: a[0] === b[0] ? half : side,
    h: a[1] === b[1] ? half : side,
  };
}

/** The prefix that is some levels below a root, at a place on its square. */
function prefixAt(family, root, x, y, levels) {
  let first = root.first, turn = 0, left = 0, top = 0, side = 1;
  for (let level = 1; level <= levels; level++) {
    side /= 2;
    const right = x >= left + side ? 1 : 0, low = y >= top + side ? 1 : 0;
    const digit = AT[turn][2 * low + right];
    left += right * side;
    top += low * side;
    first += family.size(root.length + 2 * level) * family.times[digit];
    turn = TURNS[turn][digit];
  }
  return { first, length: root.length + 2 * levels };
}
