// The end of a session that nobody used: the service ends it, and the page, which asks nothing meanwhile, has to notice.
import { useEffect } from "preact/hooks";
import { lastUse } from "./api";

const kKey = "flywheel.used";
/** The service's clock began a little after the page's. */
const kGrace = 2000;
/** Timers of hidden pages and of machines that slept are late: the clock is looked at this often. */
const kLook = 5000;
/** Whoever types or reads asks nothing of the service, and is not idle: it is told so at most this often. */
const kTell = 60_000;
const kActs = ["pointerdown", "keydown", "wheel", "touchstart"];

/** Of all the browser's pages: the session is theirs together, and a page that asked while another is in use would use it on. */
function lastUseOfAll(): number {
  const own = lastUse();
  try {
    const known = Number(localStorage.getItem(kKey)) || 0;
    if (own > known) localStorage.setItem(kKey, String(own));
    return Math.max(own, known);
  } catch {
    return own;
  }
}

/** Calls `ended` once nothing was asked for `minutes`; null: never. To ask then is no use of a session: it has ended. Calls `use` while a person acts. */
export function useIdleEnd(minutes: number | null, ended: () => void, use: () => void) {
  useEffect(() => {
    if (minutes === null) return;
    const look = () => { if (Date.now() - lastUseOfAll() > minutes * 60_000 + kGrace) ended(); };
    const pause = Math.min(kTell, minutes * 20_000);
    let toldAt = Date.now();
    const act = () => {
      if (Date.now() - toldAt < pause) return;
      toldAt = Date.now();
      use();
    };
    const timer = setInterval(look, kLook);
    document.addEventListener("visibilitychange", look);
    kActs.forEach((kind) => addEventListener(kind, act, { capture: true, passive: true }));
    return () => {
      kActs.forEach((kind) => removeEventListener(kind, act, { capture: true }));
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [minutes]);
}
