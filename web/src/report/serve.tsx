import { CopyButton } from "../components/copy";
import { Plain } from "../components/plain";
import type { Report } from "./model";

function Command(props: { title: string; command: string }) {
  return (
    <div class="command">
      <div class="head"><h3><Plain text={props.title} /></h3><CopyButton label="copy" text={() => props.command} /></div>
      <pre tabIndex={0}><Plain text={props.command} /></pre>
    </div>
  );
}

export function Serve(props: { report: Report }) {
  const { serve, reproduce, config } = props.report;
  return (
    <>
      {serve.length > 0 && (
        <section>
          <h2 id="serve">How to serve the result</h2>
          {serve.map((s) => <Command key={s.title} {...s} />)}
        </section>
      )}
      <section class="last">
        <h2 id="reproduce">How to reproduce it</h2>
        <Command title={`with seed ${reproduce.seed}`} command={reproduce.commands.join("\n")} />
        {reproduce.datasets.length > 0 && <ul class="facts-list">{reproduce.datasets.map((d) => <li key={d} class="code"><Plain text={d} /></li>)}</ul>}
        <details><summary>Configuration of this run</summary><pre tabIndex={0}><Plain text={JSON.stringify(config, null, 2)} /></pre></details>
      </section>
    </>
  );
}
