import { useState } from "preact/hooks";
import { count, plural } from "../../components/format";
import { LongText } from "../../components/long_text";
import { Name } from "../../components/plain";
import { TextChoice } from "../parts";
import { usePlace } from "../place";

export interface Tool { name: string; description: string; schema: string }

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** The tools that a request offers, whatever was captured there. */
export function toolsOf(request: Record<string, unknown>): Tool[] {
  const list = Array.isArray(request.tools) ? request.tools : [];
  return list.map((tool) => {
    const own = (tool as { function?: unknown } | null)?.function ?? tool;
    const f = (typeof own === "object" && own !== null ? own : {}) as Record<string, unknown>;
    return { name: textOf(f.name) || "?", description: textOf(f.description), schema: f.parameters === undefined ? "" : JSON.stringify(f.parameters, null, 1) };
  });
}

const kShown = 30;

function ToolLine(props: { tool: Tool; called: boolean }) {
  const [open, setOpen] = useState(false);
  const { tool } = props;
  return (
    <details onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary><Name text={tool.name} />{props.called && <span class="tag">called</span>}</summary>
      {open && <>{tool.description !== "" && <LongText text={tool.description} />}{tool.schema !== "" && <LongText class="code pre" text={tool.schema} />}</>}
    </details>
  );
}

/** The tools of a request; those that were called come first, of many a part at a time. */
export function ToolList(props: { tools: Tool[]; called: string[] }) {
  const [shown, setShown] = useState(kShown);
  const wanted = usePlace().query.get("tools") ?? "";
  const fits = props.tools.filter((t) => t.name.toLowerCase().includes(wanted.toLowerCase()));
  const sorted = [...fits.filter((t) => props.called.includes(t.name)), ...fits.filter((t) => !props.called.includes(t.name))];
  return (
    <section>
      <h2>Tools <span class="muted small">{plural(props.tools.length, "tool")} offered</span></h2>
      {props.tools.length > kShown && <p class="filters"><TextChoice class="search" name="tools" label="find a tool" value={wanted} /></p>}
      {sorted.slice(0, shown).map((t, i) => <ToolLine key={`${i} ${t.name}`} tool={t} called={props.called.includes(t.name)} />)}
      {sorted.length > shown && <button type="button" class="more" onClick={() => setShown(shown + 100)}>show more ({count(sorted.length - shown)} left)</button>}
      {sorted.length === 0 && <p class="muted">No tool is called so.</p>}
    </section>
  );
}
