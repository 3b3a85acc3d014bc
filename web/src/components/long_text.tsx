import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { count } from "./format";
import { Plain } from "./plain";

/** As much text draws at once, on a phone too. */
export const kShown = 8000;

/** Never cuts a character in two. */
export const cut = (text: string, at: number): string => text.slice(0, at < text.length && /[\ud800-\udbff]/.test(text[at - 1] ?? "") ? at - 1 : at);

export const QuietButton = (props: { act: () => void; children: ComponentChildren }) => <button type="button" class="quiet" onClick={props.act}>{props.children}</button>;

/** How much of a text is shown, and more when asked. */
export const PartShown = (props: { shown: number; of: number; more: () => void }) => <>{count(props.shown)} of {count(props.of)} characters are shown. <QuietButton act={props.more}>show more</QuietButton></>;

/** A text of any length: its first `first` characters, and more when asked. */
export function LongText(props: { text: string; class?: string; first?: number }) {
  const [shown, setShown] = useState(props.first ?? kShown);
  const { text } = props;
  return (
    <div class="long-text">
      <div class={props.class ?? "text"}><Plain text={cut(text, shown)} /></div>
      {text.length > shown && (
        <p class="small muted">
          <PartShown shown={shown} of={text.length} more={() => setShown(Math.max(kShown, shown * 4))} />
        </p>
      )}
    </div>
  );
}
