// Text that people outside wrote: shown as it is, with what cannot be seen made visible.

/** Controls, bidirectional marks, zero-width and tag characters, halves of characters: what can hide or reorder text. */
const kHidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\u{e0000}-\u{e007f}]/gu;

const codePoint = (char: string): string => `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
const unix = (text: string): string => text.replace(/\r\n/g, "\n");

/** For places that take no elements, such as options and titles. */
export const visible = (text: string): string => unix(text).replace(kHidden, (char) => `\u27e8${codePoint(char)}\u27e9`);

/** What of a text is not shown as itself, and as what it is; the application knows more of it (app/redaction.tsx). */
export const marked = { by: kHidden, draw: (match: RegExpMatchArray) => <span class="hidden-char" title="a character that cannot be seen">{codePoint(match[0])}</span> };

/** What is not shown as itself becomes a chip with its code point; the text keeps its own direction. */
export function Plain(props: { text: string }) {
  const text = unix(props.text);
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(marked.by)) {
    parts.push(text.slice(from, match.index), marked.draw(match));
    from = match.index! + match[0].length;
  }
  return <bdi>{parts}{text.slice(from)}</bdi>;
}

/** What went wrong, if anything did. */
export const Problem = (props: { text: string | null }) => props.text && <p class="problem"><Plain text={props.text} /></p>;

/** As long a name stands on one line everywhere, on a phone too. */
const kWhole = 24;

/** A name of arguments, classes or models: a short one never breaks, a long one after its separators, and inside a word only when that is very long. */
export function Name(props: { text: string; whole?: number }) {
  const { whole = kWhole } = props;
  const text = visible(props.text);
  if (text.length <= whole) return <bdi class="whole">{text}</bdi>;
  const pieces = text.match(/[^_./:-]*[_./:-]*/g)!.filter((piece) => piece !== "");
  return <bdi class="name">{pieces.map((piece, i) => <>{i > 0 && <wbr />}{piece.length > whole ? <span class="long">{piece}</span> : <span class="whole">{piece}</span>}</>)}</bdi>;
}
