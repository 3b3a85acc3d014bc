import { useState } from "preact/hooks";

/** Keeps a long table short: rows from `limit` on get the class `beyond` until the button is pressed. Print shows all. */
export function useFold(total: number, limit: number, things: string) {
  const [open, setOpen] = useState(false);
  const folds = total > limit + 2;
  const beyond = (i: number) => (folds && !open && i >= limit ? "beyond" : "");
  const button = folds && (
    <button type="button" class="more" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? `show the first ${limit} only` : `show all ${total} ${things}`}</button>
  );
  return { beyond, button };
}
