/** Of a row whose record the log no longer has. */
export const GoneTag = () => <span class="tag">no longer in the log</span>;

export const GoneNote = () => <p class="problem">The record of this row was erased, or its time in the log is over. What the run kept of it stays until the run is deleted.</p>;
