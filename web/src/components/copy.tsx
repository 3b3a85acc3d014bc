import { useState } from "preact/hooks";

/** Pages that came over plain HTTP have no clipboard of their own; a selection does there. */
async function copy(text: string) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not copied");
}

export function CopyButton(props: { text: () => string; label: string; title?: string }) {
  const [said, say] = useState("");
  const press = () => copy(props.text()).then(() => say("copied"), () => say("copying is not allowed here")).then(() => setTimeout(() => say(""), 2000));
  return <button type="button" class="quiet" title={props.title} onClick={press}><span aria-live="polite">{said || props.label}</span></button>;
}
