import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** Rows drawn beyond what is seen, so that a turn of the wheel shows no gap. */
const kBeyond = 8;

/**
 * A list of any length of which only what is seen is drawn. Rows have one height, `row` pixels, and scroll with the window. `more` is called
 * when the end comes near.
 */
export function VirtualList<T>(props: { items: T[]; row: number; label: string; draw: (item: T, index: number) => ComponentChildren; keyOf: (item: T) => string; more?: () => void }) {
  const { items, row, more } = props;
  const list = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState<[number, number]>([0, 40]);
  const look = () => {
    if (!list.current) return;
    const top = -list.current.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / row) - kBeyond);
    const last = Math.ceil((top + window.innerHeight) / row) + kBeyond;
    setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
  };
  useLayoutEffect(look, [items.length, row]);
  useEffect(() => {
    window.addEventListener("scroll", look, { passive: true });
    window.addEventListener("resize", look);
    return () => {
      window.removeEventListener("scroll", look);
      window.removeEventListener("resize", look);
    };
  }, [row]);
  useEffect(() => {
    if (more && range[1] >= items.length - kBeyond) more();
  }, [range[1], items.length, more]);
  const [first, last] = [Math.min(range[0], items.length), Math.min(range[1], items.length)];
  /** The arrow keys lead from row to row, drawn or not. */
  const onKey = (e: KeyboardEvent) => {
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    const here = (e.target as Element).closest<HTMLElement>("[data-index]");
    if (step === 0 || !here) return;
    const to = list.current?.querySelector<HTMLElement>(`[data-index="${Number(here.dataset.index) + step}"] a`);
    if (!to) return;
    e.preventDefault();
    to.focus();
  };
  return (
    <div class="virtual" role="list" aria-label={props.label} ref={list} style={{ height: `${items.length * row}px` }} onKeyDown={onKey}>
      {items.slice(first, last).map((item, i) => (
        <div key={props.keyOf(item)} role="listitem" data-index={first + i} aria-posinset={first + i + 1} aria-setsize={-1} style={{ top: `${(first + i) * row}px`, height: `${row}px` }}>
          {props.draw(item, first + i)}
        </div>
      ))}
    </div>
  );
}
