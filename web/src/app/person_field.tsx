// Where whoever is not signed in says who judges. The field keeps what is typed to itself and never goes while it has the focus.
import { useEffect, useRef, useState } from "preact/hooks";
import { useSession } from "./session";

interface Props { person: string; set: (name: string) => void }

/** The field's own text: what is remembered is trimmed, and a space between two names is typed before the second. */
function useTyped(person: string): [string, (text: string) => void] {
  const [text, setText] = useState(person);
  useEffect(() => { if (text.trim() !== person) setText(person); }, [person]);
  return [text, setText];
}

/** For a form whose button counts: the name is whatever stands there when it is pressed. */
export function PersonInput(props: Props) {
  const [text, setText] = useTyped(props.person);
  if (useSession()?.person) return null;
  const type = (to: string) => {
    setText(to);
    props.set(to);
  };
  return <label>your name<input value={text} maxLength={60} autocomplete="off" onInput={(e) => type(e.currentTarget.value)} /></label>;
}

/** For a page that asks the service for what is this person's: a name counts when it is done, by Enter, the button, or leaving the field. */
export function PersonForm(props: Props) {
  const [text, setText] = useTyped(props.person);
  const field = useRef<HTMLInputElement>(null);
  if (useSession()?.person) return null;
  const take = () => { if (text.trim() !== props.person) props.set(text); };
  const submit = (event: Event) => {
    event.preventDefault();
    // The button goes.
    field.current?.focus();
    take();
  };
  const leave = (event: FocusEvent) => {
    // Whoever looks at another window comes back to the field.
    const isLeft = document.activeElement !== field.current && !(event.currentTarget as Element).contains(event.relatedTarget as Node | null);
    if (isLeft) take();
  };
  return (
    <form class="filters" aria-label="who judges" onSubmit={submit} onFocusOut={leave}>
      <label class="person">your name<input ref={field} value={text} maxLength={60} autocomplete="off" placeholder="so that labels of two people stay apart" onInput={(e) => setText(e.currentTarget.value)} /></label>
      {props.person === "" && <button type="submit">go on</button>}
    </form>
  );
}
