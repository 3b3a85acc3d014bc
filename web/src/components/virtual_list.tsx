import { options, type ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { count } from "./format";

/** Rows drawn beyond what is seen, so that a turn of the wheel shows no gap. */
const kBeyond = 8;

/** What stands above a list while it scrolls. */
const kHead = 80;

/** Browsers draw nothing below some 17 million pixels: a longer list is this high, and its rows pass by faster than the window scrolls. */
const kMostPixels = 12_000_000;

/** On paper nothing scrolls: rows that were fetched stand there up to so many. */
const kMostPrinted = 2000;

/** Which rows are seen, and how far they are moved from where they would be in a list of full height. */
interface Seen { first: number; last: number; moved: number }

/** By how many pixels the rows pass for one that the window scrolls. */
const speedOf = (windowHeight: number, rows: number, row: number): number => {
  const whole = rows * row;
  return whole <= kMostPixels ? 1 : (whole - windowHeight) / (kMostPixels - windowHeight);
};

/** `top`: how far the list's beginning is above the window's upper edge. */
export function seenAt(top: number, windowHeight: number, rows: number, row: number): Seen {
  const over = Math.max(0, Math.min(top, kMostPixels - windowHeight)) * (speedOf(windowHeight, rows, row) - 1);
  return { first: Math.max(0, Math.floor((top + over) / row) - kBeyond), last: Math.ceil((top + over + windowHeight) / row) + kBeyond, moved: -over };
}

function useIsPrinting(): boolean {
  const [isPrinting, setIsPrinting] = useState(false);
  useEffect(() => {
    // At once: the browser draws the paper when this returns.
    const begin = () => {
      const later = options.debounceRendering;
      options.debounceRendering = (draw) => draw();
      setIsPrinting(true);
      options.debounceRendering = later;
    };
    const end = () => setIsPrinting(false);
    window.addEventListener("beforeprint", begin);
    window.addEventListener("afterprint", end);
    return () => {
      window.removeEventListener("beforeprint", begin);
      window.removeEventListener("afterprint", end);
    };
  }, []);
  return isPrinting;
}

/**
 * A list of any length of which only what is seen is drawn. Rows have one height, `row` pixels, and scroll with the window. `more` is called
 * when the end comes near.
 */
export function VirtualList<T>(props: { items: T[]; row: number; label: string; draw: (item: T, index: number) => ComponentChildren; keyOf: (item: T) => string; more?: () => void }) {
  const { items, row, more } = props;
  const list = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState<Seen>({ first: 0, last: 40, moved: 0 });
  const look = () => {
    if (!list.current) return;
    const now = seenAt(-list.current.getBoundingClientRect().top, window.innerHeight, items.length, row);
    setSeen((old) => (old.first === now.first && old.last === now.last && old.moved === now.moved ? old : now));
  };
  useLayoutEffect(look, [items.length, row]);
  useEffect(() => {
    window.addEventListener("scroll", look, { passive: true });
    window.addEventListener("resize", look);
    return () => {
      window.removeEventListener("scroll", look);
      window.removeEventListener("resize", look);
    };
  }, [row, items.length]);
  useEffect(() => {
    if (more && seen.last >= items.length - kBeyond) more();
  }, [seen.last, items.length, more]);
  const isPrinting = useIsPrinting();
  const drawn = isPrinting ? { first: 0, last: kMostPrinted, moved: 0 } : seen;
  const [first, last] = [Math.min(drawn.first, items.length), Math.min(drawn.last, items.length)];
  /** The arrow keys lead from row to row, drawn or not. */
  const onKey = (e: KeyboardEvent) => {
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    const here = (e.target as Element).closest<HTMLElement>("[data-index]");
    if (step === 0 || !here) return;
    const to = list.current?.querySelector<HTMLElement>(`[data-index="${Number(here.dataset.index) + step}"] a`);
    if (!to) return;
    e.preventDefault();
    to.focus({ preventScroll: true });
    const { top, bottom } = to.getBoundingClientRect();
    const out = bottom > window.innerHeight ? bottom - window.innerHeight : Math.min(0, top - kHead);
    if (out !== 0) window.scrollBy(0, out / speedOf(window.innerHeight, items.length, row));
  };
  return (
    <>
      <div class="virtual" role="list" aria-label={props.label} ref={list} style={{ height: `${Math.min(items.length * row, kMostPixels)}px` }} onKeyDown={onKey}>
        {items.slice(first, last).map((item, i) => (
          <div key={props.keyOf(item)} role="listitem" data-index={first + i} aria-posinset={first + i + 1} aria-setsize={-1} style={{ top: `${(first + i) * row + drawn.moved}px`, height: `${row}px` }}>
            {props.draw(item, first + i)}
          </div>
        ))}
      </div>
      {isPrinting && last < items.length && <p class="muted">{count(items.length - last)} more are not on paper.</p>}
    </>
  );
}
