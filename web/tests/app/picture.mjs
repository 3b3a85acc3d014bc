// Pictures of pages that can be compared on another machine and another day: every cell of 16 by 16 pixels has one colour, figures and names that
// change from run to run are written alike, and a page counts as changed when more than a few cells do. All pixels are read by the browser.
import { readFile } from "node:fs/promises";

const kCell = 16;
/** A cell has changed when a colour of it is further away than this, of 255. */
const kFar = 20;

/** In the page: what differs from run to run is written alike, and nothing moves. */
export function writeAlike() {
  const alike = (text) => text
    .replace(/\/tmp\/[^\s"']+/g, "/tmp/folder").replace(/\b(p-|r-)?[0-9a-f]{7,}\b/g, (id) => "0".repeat(id.length))
    .replace(/just now|\d+ (second|minute|hour|day|month|year)s? ago/g, "just now").replace(/[\d.,]+\u202f(ms|s|min|h)\b( \d+\u202fs)?/g, "0\u202fs").replace(/\d/g, "0");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.nodeValue = alike(walker.currentNode.nodeValue);
  window.scrollTo(0, 0);
}

/** In the page: when nothing was added, changed or removed for half a second. */
export const isAtRest = () => new Promise((done) => {
  const rest = () => setTimeout(() => { watch.disconnect(); done(); }, 500);
  let timer = rest();
  const watch = new MutationObserver(() => {
    clearTimeout(timer);
    timer = rest();
  });
  watch.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
});

/** The fonts that the pages are drawn with, by the width of a line in each. */
export const fontsOf = (page) => page.evaluate(() => {
  const context = document.createElement("canvas").getContext("2d");
  return ["system-ui", "monospace"].map((family) => {
    context.font = `100px ${family}`;
    return Math.round(context.measureText("Flywheel: 98 % of 320 rows, gjqy").width);
  });
});

const asUrl = (bytes) => `data:image/png;base64,${bytes.toString("base64")}`;

/** In a page of its own: makes pictures small, joins and compares them. */
export class Darkroom {
  constructor(page) { this.page = page; }
  static async open(browser) {
    const page = await (await browser.newContext()).newPage();
    await page.evaluate((cell) => {
      const decode = async (url) => {
        const image = await createImageBitmap(await (await fetch(url)).blob());
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext("2d", { willReadFrequently: true });
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, image.width, image.height);
      };
      const small = ({ data, width, height }) => {
        const out = new ImageData(Math.floor(width / cell), Math.floor(height / cell));
        for (let y = 0; y < out.height; y++) for (let x = 0; x < out.width; x++) {
          const sum = [0, 0, 0];
          for (let j = 0; j < cell; j++) for (let i = 0; i < cell; i++) {
            const at = 4 * ((y * cell + j) * width + x * cell + i);
            for (let c = 0; c < 3; c++) sum[c] += data[at + c];
          }
          const to = 4 * (y * out.width + x);
          // Of 64 steps a colour: what is kept stays small.
          for (let c = 0; c < 3; c++) out.data[to + c] = 4 * Math.round(sum[c] / (cell * cell) / 4);
          out.data[to + 3] = 255;
        }
        return out;
      };
      window.smallOf = async (url) => small(await decode(url));
      window.decode = decode;
    }, kCell);
    return new Darkroom(page);
  }
  /** One PNG of many screenshots, each of them small, one beside the other. */
  async sheet(shots) {
    const url = await this.page.evaluate(async (urls) => {
      const parts = await Promise.all(urls.map((u) => window.smallOf(u)));
      const canvas = new OffscreenCanvas(parts.reduce((a, p) => a + p.width, 0), Math.max(...parts.map((p) => p.height)));
      const context = canvas.getContext("2d");
      let x = 0;
      for (const p of parts) {
        context.putImageData(p, x, 0);
        x += p.width;
      }
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
      return btoa(String.fromCharCode(...bytes));
    }, shots.map(asUrl));
    return Buffer.from(url, "base64");
  }
  /** The share of cells in which two sheets differ, and within which cells; null where they are of different sizes. */
  async difference(sheet, other) {
    return this.page.evaluate(async ([a, b, far]) => {
      const [x, y] = await Promise.all([window.decode(a), window.decode(b)]);
      if (x.width !== y.width || x.height !== y.height) return null;
      let changed = 0;
      const box = { left: x.width, top: x.height, right: 0, bottom: 0 };
      for (let i = 0; i < x.data.length; i += 4) {
        if (![0, 1, 2].some((c) => Math.abs(x.data[i + c] - y.data[i + c]) > far)) continue;
        changed++;
        const [column, row] = [(i / 4) % x.width, Math.floor(i / 4 / x.width)];
        Object.assign(box, { left: Math.min(box.left, column), top: Math.min(box.top, row), right: Math.max(box.right, column), bottom: Math.max(box.bottom, row) });
      }
      return { cells: changed, share: changed / (x.width * x.height), box };
    }, [asUrl(sheet), asUrl(other), kFar]);
  }
}

/** A file's bytes; null where there is none. */
export const kept = (file) => readFile(file).catch(() => null);
