// A run's events while it goes on: stages and progress, taken up again where a lost connection left off.
import { useEffect, useState } from "preact/hooks";
import type { LossPoint } from "../../components/training_curve";

export interface JobProgress {
  stage: string; candidate: number | null; rows_done?: number; rows_total?: number; rows_failed?: number; seconds_left?: number;
  step?: number; total_steps?: number; loss?: number | null; validation_loss?: number | null;
}
export interface JobEvents { connected: boolean; progress: Record<string, JobProgress>; curves: Record<number, LossPoint[]> }

/** A curve is drawn from at most so many points; of more every second is left out. */
const kMostPoints = 600;

function withPoint(points: LossPoint[], p: JobProgress): LossPoint[] {
  const point = { step: p.step!, loss: p.loss ?? null, validation_loss: p.validation_loss ?? null };
  const kept = points.filter((q) => q.step < point.step);
  return [...(kept.length >= kMostPoints ? kept.filter((q, i) => i % 2 === 0 || q.validation_loss !== null) : kept), point];
}

/** A browser gives up on a stream whose answer is no event stream; it is asked again then. */
const kAgain = 5000;

/** `changed` is called when a stage begins or ends. */
export function useJobEvents(id: string, changed: () => void): JobEvents {
  const [events, setEvents] = useState<JobEvents>({ connected: true, progress: {}, curves: {} });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let next: ReturnType<typeof setTimeout> | undefined;
    let source: EventSource;
    /** Replayed events come at once; the job is asked for after the last. */
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(changed, 150);
    };
    const connect = () => {
      source = new EventSource(`/api/jobs/${encodeURIComponent(id)}/events`);
      for (const kind of ["job", "stage", "candidate"]) source.addEventListener(kind, soon);
      source.addEventListener("progress", (e) => {
        const p = JSON.parse((e as MessageEvent<string>).data) as JobProgress;
        setEvents((old) => ({
          ...old,
          progress: { ...old.progress, [`${p.candidate} ${p.stage}`]: p },
          curves: p.step === undefined || p.candidate === null ? old.curves : { ...old.curves, [p.candidate]: withPoint(old.curves[p.candidate] ?? [], p) },
        }));
      });
      source.addEventListener("end", () => {
        source.close();
        soon();
      });
      source.onopen = () => setEvents((old) => ({ ...old, connected: true }));
      source.onerror = () => {
        setEvents((old) => ({ ...old, connected: false }));
        if (source.readyState !== EventSource.CLOSED) return;
        soon();
        next = setTimeout(connect, kAgain);
      };
    };
    connect();
    return () => {
      source.close();
      clearTimeout(timer);
      clearTimeout(next);
    };
  }, [id]);
  return events;
}
