import { useState } from "preact/hooks";
import { count } from "./format";
import { Plain } from "./plain";

/** As much text draws at once, on a phone too. */
const kShown = 8000;

/** Never cuts a character in two. */
const cut = (text: string, at: number): string => text.slice(0, at < text.length && /[\ud800-\udbff]/.test(text[at - 1] ?? "") ? at - 1 : at);

/** A text of any length: its first `first` characters, and more when asked. */
export function LongText(props: { text: string; class?: string; first?: number }) {
  const [shown, setShown] = useState(props.first ?? kShown);
  const { text } = props;
  return (
    <div class="long-text">
      <div class={props.class ?? "text"}><Plain text={cut(text, shown)} /></div>
      {text.length > shown && (
        <p class="small muted">
          {count(shown)} of {count(text.length)} characters are shown. <button type="button" class="quiet" onClick={() => setShown(Math.max(kShown, shown * 4))}>show more</button>
        </p>
      )}
    </div>
  );
}
