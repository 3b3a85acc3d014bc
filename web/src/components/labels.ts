// Places the labels of a plot so that none lies on another, on a mark or outside.

export interface Box { x: number; y: number; width: number; height: number }
export interface Wanted { x: number; y: number; text: string; short: string }
export interface Placed { text: string; x: number; y: number; anchor: "start" | "middle" | "end" }

/** About as wide as a letter of the plots' 12-pixel type is at most. */
const kLetter = 7.4;
const kLine = 14;
const kGap = 10;

const widthOf = (text: string): number => [...text].reduce((sum, c) => sum + (c > "\u2e7f" ? 13 : kLetter), 0);
const overlap = (a: Box, b: Box): boolean => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const contains = (outer: Box, b: Box): boolean => b.x >= outer.x && b.y >= outer.y && b.x + b.width <= outer.x + outer.width && b.y + b.height <= outer.y + outer.height;

/** Where a label may stand around its mark, the best place first: offsets of its anchor and of its middle line. */
const kPlaces = [-1, -1.6, 0, 1, 1.6, -2.4, 2.4].flatMap((lines) => [
  { dx: kGap, lines: lines + 1, anchor: "start" as const }, { dx: -kGap, lines: lines + 1, anchor: "end" as const },
]).concat([{ dx: 0, lines: -1.2, anchor: "middle" as never }, { dx: 0, lines: 1.4, anchor: "middle" as never }]);

function boxOf(placed: Placed): Box {
  const width = widthOf(placed.text);
  const x = placed.anchor === "start" ? placed.x : placed.anchor === "end" ? placed.x - width : placed.x - width / 2;
  return { x, y: placed.y - kLine + 3, width, height: kLine };
}

/** In order of importance: the full text where there is room, else the short one, else nothing (null). */
export function placeLabels(wanted: Wanted[], taken: Box[], inside: Box): (Placed | null)[] {
  const boxes = [...taken];
  return wanted.map((w) => {
    for (const text of w.short === w.text ? [w.text] : [w.text, w.short]) {
      for (const place of kPlaces) {
        const placed: Placed = { text, x: w.x + place.dx, y: w.y + 4 + place.lines * kLine, anchor: place.anchor };
        const box = boxOf(placed);
        if (text === "" || !contains(inside, box) || boxes.some((b) => overlap(b, box))) continue;
        boxes.push(box);
        return placed;
      }
    }
    return null;
  });
}

/** Points that lie on one another, as lists of indices: they share one label. */
export function crowds(points: { x: number; y: number }[], near: number): number[][] {
  const out: number[][] = [];
  points.forEach((p, i) => {
    const crowd = out.find((c) => c.some((k) => Math.hypot(points[k]!.x - p.x, points[k]!.y - p.y) < near));
    if (crowd) crowd.push(i);
    else out.push([i]);
  });
  return out;
}

export const shorten = (text: string, most: number): string =>
  [...text].length <= most ? text : `${[...text].slice(0, Math.ceil(most / 2) - 1).join("")}\u2026${[...text].slice(-Math.floor(most / 2)).join("")}`;
