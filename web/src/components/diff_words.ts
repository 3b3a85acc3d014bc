// What differs between two texts, word by word: Myers' greedy algorithm, which is fast where texts are alike.

export interface Piece { text: string; same: boolean }
export interface TextDiff { left: Piece[]; right: Piece[] }

/** Beyond so many differing words the rest of both texts counts as different: nobody reads such a diff. */
const kMostEdits = 1500;

const segmenter = typeof Intl !== "undefined" && "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "word" }) : null;

/** Words of any script, each run of white space, each sign. */
export const wordsOf = (text: string): string[] =>
  segmenter ? Array.from(segmenter.segment(text), (s) => s.segment) : text.match(/\s+|[\p{L}\p{N}\p{M}_]+|[^]/gu) ?? [];

/** The indices of pairs of equal words on a shortest way from `a` to `b`. */
function matches(a: string[], b: string[]): [number, number][] {
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  const most = Math.min(a.length + b.length, kMostEdits);
  for (let d = 0; d <= most; d++) {
    trace.push(new Map(furthest));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && furthest.get(k - 1)! < furthest.get(k + 1)!);
      let x = down ? furthest.get(k + 1)! : furthest.get(k - 1)! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(trace, a.length, b.length);
    }
  }
  return [];
}

function walkBack(trace: Map<number, number>[], fromX: number, fromY: number): [number, number][] {
  const pairs: [number, number][] = [];
  let [x, y] = [fromX, fromY];
  for (let d = trace.length - 1; d >= 0; d--) {
    const before = trace[d]!;
    const k = x - y;
    const down = k === -d || (k !== d && before.get(k - 1)! < before.get(k + 1)!);
    const kBefore = down ? k + 1 : k - 1;
    const xBefore = before.get(kBefore)!;
    const yBefore = xBefore - kBefore;
    while (x > xBefore && y > yBefore && x > 0 && y > 0) pairs.push([--x, --y]);
    [x, y] = [xBefore, yBefore];
  }
  return pairs.reverse();
}

/** Neighbours of one kind joined. */
function pieces(words: string[], same: Set<number>): Piece[] {
  const out: Piece[] = [];
  words.forEach((text, i) => {
    const last = out[out.length - 1];
    if (last && last.same === same.has(i)) last.text += text;
    else out.push({ text, same: same.has(i) });
  });
  return out;
}

export function diffWords(left: string, right: string): TextDiff {
  const [a, b] = [wordsOf(left), wordsOf(right)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const inner = matches(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const sameOf = (length: number, side: 0 | 1) => new Set([
    ...Array.from({ length: head }, (_, i) => i), ...inner.map((pair) => head + pair[side]), ...Array.from({ length: tail }, (_, i) => length - 1 - i)]);
  return { left: pieces(a, sameOf(a.length, 0)), right: pieces(b, sameOf(b.length, 1)) };
}
