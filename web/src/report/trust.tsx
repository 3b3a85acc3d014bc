import { sentence, words } from "../components/format";
import { Plain } from "../components/plain";
import type { Report } from "./model";

/** Why the figures may be believed, or may not. */
export function Trust(props: { report: Report }) {
  const { trust, scoring } = props.report;
  return (
    <section class={trust.clean ? "trust" : "trust unclean"}>
      <h2 id="trust">{trust.clean ? "Trust: every check passed" : "Trust: not clean"}</h2>
      <ul class="checks">
        {[...trust.checks].sort((a, b) => Number(a.ok) - Number(b.ok)).map((c) => (
          <li key={c.name} class={c.ok ? "ok" : "bad"}>
            <span class="sign" role="img" aria-label={c.ok ? "passed" : "not passed"}>{c.ok ? "\u2713" : "\u2715"}</span>
            <span><strong>{words(c.name)}</strong> <Plain text={c.text} /></span>
          </li>
        ))}
      </ul>
      {scoring.judge && <p class="muted small">Judge: <Plain text={scoring.judge} />.</p>}
      {scoring.notes.map((n) => <p key={n} class="muted small"><Plain text={sentence(n)} /></p>)}
    </section>
  );
}
