// What is different between two texts, line by line. Pure; used by the import.

/** `[{ kind: 'same' | 'gone' | 'new', left, right }]`, in order; changed lines stand side by side. */
export function lineDiff(before, after) {
  const [a, b] = [before.split('\n'), after.split('\n')];
  const lengths = commonLengths(a, b);
  const rows = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      rows.push({ kind: 'same', left: a[i], right: b[j] });
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && lengths[i + 1][j] >= lengths[i][j + 1])) {
      rows.push({ kind: 'gone', left: a[i], right: null });
      i += 1;
    } else {
      rows.push({ kind: 'new', left: null, right: b[j] });
      j += 1;
    }
  }
  return rows;
}

/** For each pair of rests, how many lines they have in common. */
function commonLengths(a, b) {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

/** Puts lines that went beside those that came in their place. */
export function sideBySide(rows) {
  const out = [];
  for (let at = 0; at < rows.length;) {
    if (rows[at].kind === 'same') {
      out.push(rows[at]);
      at += 1;
      continue;
    }
    const gone = [];
    const fresh = [];
    for (; at < rows.length && rows[at].kind !== 'same'; at += 1) {
      if (rows[at].kind === 'gone') gone.push(rows[at].left);
      else fresh.push(rows[at].right);
    }
    for (let n = 0; n < Math.max(gone.length, fresh.length); n += 1) {
      out.push({ kind: 'changed', left: gone[n] ?? null, right: fresh[n] ?? null });
    }
  }
  return out;
}

const AROUND = 3;
/** Leaves out what is far from any difference; `{ kind: 'skip', count }` stands for it. */
export function shortened(rows) {
  const near = (at) => rows.slice(Math.max(0, at - AROUND), at + AROUND + 1).some((row) => row.kind !== 'same');
  const out = [];
  rows.forEach((row, at) => {
    if (near(at)) out.push(row);
    else if (out.at(-1)?.kind === 'skip') out.at(-1).count += 1;
    else out.push({ kind: 'skip', count: 1 });
  });
  return out;
}
