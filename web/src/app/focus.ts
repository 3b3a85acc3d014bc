// Focus that would fall to nowhere: what had it went, or was disabled while something was done.
const kHeadings = "h1, h2, h3";

function focusHeadingNear(ancestors: Element[]) {
  const near = ancestors.find((e) => e.isConnected)?.querySelector<HTMLElement>(kHeadings) ?? document.querySelector<HTMLElement>("h1");
  if (!near) return;
  if (!near.hasAttribute("tabindex")) near.tabIndex = -1;
  near.focus({ preventScroll: true });
}

/** What is disabled for a while has the focus again after it; in the place of what is gone the heading of what it stood in has it. */
export function keepFocus(root: HTMLElement) {
  /** What had the focus last, and the parts of the page that it stood in, the innermost first. */
  let last: Element | null = null;
  let parts: Element[] = [];
  let wasDisabled = false;
  root.addEventListener("focusin", (event) => {
    last = event.target as Element;
    wasDisabled = false;
    // A row that scrolls out of sight, and the end of "show more": the browser goes on where they stood.
    if (last.closest(".virtual, .more")) last = null;
    parts = [];
    for (let e = last?.parentElement; e && e !== root; e = e.parentElement) if (e.matches("section, main")) parts.push(e);
  });
  const look = () => {
    if (!last) return;
    // The browser takes the focus off what is disabled only when it draws the page again.
    if (last.matches(":disabled")) wasDisabled = true;
    if (document.activeElement !== document.body) return;
    if (!last.isConnected) focusHeadingNear(parts);
    else if (wasDisabled && !last.matches(":disabled")) (last as HTMLElement).focus({ preventScroll: true });
  };
  new MutationObserver(look).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
}
