import { useEffect, useRef, useState } from "preact/hooks";
import { plural } from "../../components/format";
import { Plain } from "../../components/plain";
import { useEvery, useOnChange, useResource } from "../api";
import { Badge, Trouble } from "../parts";
import type { EngineLog, JobDetail } from "../types";

/** Between two looks at the log of an engine that runs, while it is open. */
const kLook = 2000;

/** Text that follows its end, unless its reader has scrolled up. */
function Tail(props: { lines: string[]; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const text = props.lines.join("\n");
  useEffect(() => { if (follows.current && box.current) box.current.scrollTop = box.current.scrollHeight; }, [text]);
  const scrolled = () => { if (box.current) follows.current = box.current.scrollHeight - box.current.scrollTop - box.current.clientHeight < 20; };
  return <div class="raw code pre" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label={props.label}><Plain text={text} /></div>;
}

/** The last lines of an engine, folded unless it `failed`; looked at again while it runs and they are seen. */
export function Engine(props: { log: EngineLog; name: string; failed: boolean; reload: () => void }) {
  const [open, setOpen] = useState(false);
  const { log, name, failed } = props;
  useEffect(() => { if (failed) setOpen(true); }, [failed]);
  useEvery(open && log.is_running ? kLook : null, props.reload);
  return (
    <details class="engine-log" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{name} {log.is_running && <Badge text="running" />}</summary>
      {open && (
        <>
          <p class="small muted">{log.is_running ? "The last lines, as the engine writes them." : `The last ${plural(log.lines.length, "line")}, kept when the engine was taken down.`}</p>
          {log.lines.length > 0 ? <Tail lines={log.lines} label={name} /> : <p class="muted">It has written nothing yet.</p>}
        </>
      )}
    </details>
  );
}

/** What the engines of a candidate wrote, open where one did not come up; nothing for one behind an endpoint, whose log is where it runs. */
export function EngineLogs(props: { job: JobDetail; candidate: number }) {
  const why = props.job.nims[props.candidate]?.error ?? "";
  const { data, error, reload } = useResource<{ engines: EngineLog[] }>(`/api/jobs/${props.job.id}/engine_log?candidate=${props.candidate}`);
  useOnChange(props.job, reload, 0);
  return (
    <>
      <Trouble error={error} retry={reload} />
      {data?.engines.map((log) => <Engine key={log.stage} log={log} name={log.stage === "deploy-tuned" ? "engine's log, with the adapter" : "engine's log"} failed={why.startsWith(`${log.stage}: `)} reload={reload} />)}
    </>
  );
}
